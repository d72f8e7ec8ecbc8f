"""`.env` of the stack: generated once, never overwritten, refused where it must not be used."""

from __future__ import annotations

import base64
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from stack.environment import inspect, main, parse, prepare
from stack.rules import (
    FERNET,
    MASTER_KEYS,
    PRIVACY_KEY,
    SECRETS,
    RefusedError,
    check,
    generate,
    problem,
)

PROJECT = Path(__file__).parents[2]
GOOD = "Zr8-qTf2_Lm5xWv9Kp3s"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(PROJECT / ".env.example", tmp_path)
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", f"test{os.getpid()}")
    return tmp_path


def written(folder: Path) -> dict[str, str]:
    return parse((folder / ".env").read_text())


def replaced(folder: Path, **values: str) -> None:
    lines = (folder / ".env").read_text().splitlines()
    names = {line.partition("=")[0]: line for line in lines}
    changed = [f"{n}={values[n]}" if n in values else line for n, line in names.items()]
    (folder / ".env").write_text("\n".join(changed) + "\n")


def test_every_secret_is_generated_and_only_its_owner_reads_it(folder: Path) -> None:
    prepare(folder)
    values = written(folder)
    secrets = [values[name] for name in SECRETS]
    assert all(secrets)
    assert len(set(secrets)) == len(SECRETS)
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    assert len(base64.urlsafe_b64decode(values[FERNET])) == 32


def test_images_of_another_tag_than_the_checkouts_are_warned_of(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tag = parse((folder / ".env.example").read_text())["MILLRACE_TAG"]
    assert main(["--folder", str(folder), "--version", tag]) == 0
    assert capsys.readouterr().err == ""
    assert main(["--folder", str(folder), "--version", "99.1"]) == 0
    assert "MILLRACE_TAG=99.1" in capsys.readouterr().err


@pytest.mark.skipif(not shutil.which("make"), reason="make is not on this machine")
@pytest.mark.parametrize("accelerator", ["cpu", "gpu"])
def test_make_builds_the_image_for_gpus_where_it_is_asked_for(accelerator: str) -> None:
    command = ["make", "--dry-run", "stack", f"ACCELERATOR={accelerator}"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert ("--profile gpu" in done.stdout) == (accelerator == "gpu")
    assert "--profile build" in done.stdout


def test_the_stores_folder_is_named_after_the_stack_once(folder: Path) -> None:
    example = folder / ".env.example"
    named = example.read_text().replace("PROJECT_NAME=millrace", "PROJECT_NAME=second")
    example.write_text(named)
    prepare(folder)
    assert written(folder)["S3_PREFIX"] == "second"
    replaced(folder, S3_PREFIX="theirs")
    prepare(folder)
    assert written(folder)["S3_PREFIX"] == "theirs"


def test_a_second_time_changes_nothing(folder: Path) -> None:
    prepare(folder)
    before = (folder / ".env").read_bytes()
    assert prepare(folder) == []
    assert inspect(folder) == []
    assert (folder / ".env").read_bytes() == before


def test_two_installations_have_no_secret_in_common(folder: Path, tmp_path: Path) -> None:
    prepare(folder)
    first = written(folder)
    (folder / ".env").unlink()
    prepare(folder)
    assert not {first[name] for name in SECRETS} & {written(folder)[name] for name in SECRETS}


def test_values_of_ones_own_stay_and_what_is_missing_is_added(folder: Path) -> None:
    own = f"# mine\nREDIS_PASSWORD='{GOOD}'\nMILLRACE_PORT=9000 # ours\nEXTRA=1"
    (folder / ".env").write_text(own)
    (said,) = prepare(folder)
    assert (folder / ".env").read_text().startswith(own + "\n")
    values = written(folder)
    assert (values["REDIS_PASSWORD"], values["MILLRACE_PORT"]) == (GOOD, "9000")
    assert values["AIRFLOW_ADMIN_PASSWORD"]
    assert "AIRFLOW_ADMIN_PASSWORD" in said
    assert values["AIRFLOW_ADMIN_PASSWORD"] not in said


def test_nothing_that_is_said_holds_a_secret(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--folder", str(folder)]) == 0
    replaced(folder, REDIS_PASSWORD="changeme-Qx7pLw93Vd")
    assert main(["--folder", str(folder)]) == 2
    said = "".join(capsys.readouterr())
    assert "REDIS_PASSWORD is left at an example value" in said
    assert "Qx7pLw93Vd" not in said
    assert not [name for name in SECRETS if written(folder)[name] in said]


def test_a_file_that_others_can_read_is_closed(folder: Path) -> None:
    prepare(folder)
    (folder / ".env").chmod(0o644)
    with pytest.raises(RefusedError, match="chmod 600"):
        inspect(folder)
    assert "no longer" in prepare(folder)[0]
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    "value",
    ["change-me", "CHANGEME", "changeit", "example", "your-password", "<secret>", "todo"],
)
def test_an_example_value_is_refused(name: str, value: str) -> None:
    values = {each: generate(each) for each in SECRETS} | {name: value}
    with pytest.raises(RefusedError, match=f"{name} is left at an example value"):
        check(values)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "is empty"),
        ("admin", "example"),
        ("airflow", "example"),
        ("postgres", "example"),
        ("secretpassword", "example"),
        ("password123", "shorter"),
        ("Zr8-qTf2_Lm5", "shorter"),
        ("admin-password-1234", "guess"),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", "guess"),
        ("pass word with blanks 1", "URL"),
        ("p@ss:w/rd#with$signs!!", "URL"),
        ("Zr8-qTf2_Lm5xWv9Kp3s\n", "URL"),
        ("pässwörter-für-alle-da", "URL"),
    ],
)
def test_a_weak_password_is_refused(value: str, why: str) -> None:
    assert why in problem("REDIS_PASSWORD", value)


def test_values_that_people_and_amazon_choose_well_are_accepted() -> None:
    assert problem("AIRFLOW_ADMIN_PASSWORD", "correct-horse-battery-staple") == ""
    assert problem("AWS_ACCESS_KEY_ID", "AKIA5TVQ2M7XRW4NBZ6C") == ""
    assert problem("AWS_SECRET_ACCESS_KEY", "hT9/kLw2+Qz7RmX4vB8nYc1sDf6gJp3uEo5aWi0=") == ""


def test_amazons_documented_keys_are_refused() -> None:
    assert problem("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    assert problem("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


@pytest.mark.parametrize("value", [GOOD, "A" * 44, "not base64 at all", GOOD * 3])
def test_a_fernet_key_must_be_one(value: str) -> None:
    assert "Fernet" in problem(FERNET, value)


@pytest.mark.parametrize("name", [PRIVACY_KEY, MASTER_KEYS])
@pytest.mark.parametrize("value", [GOOD, "ab" * 32, "0f1e2d3c" * 7, "no key, nor another"])
def test_a_key_of_peoples_data_must_be_one(name: str, value: str) -> None:
    assert problem(name, value)


def test_a_new_master_key_stands_before_the_old_one_and_pseudonyms_have_one_key() -> None:
    both = f"{generate(MASTER_KEYS)},{generate(MASTER_KEYS)}"
    assert problem(MASTER_KEYS, both) == ""
    assert problem(PRIVACY_KEY, both)


def test_generated_keys_of_peoples_data_are_taken_by_what_uses_them() -> None:
    from millrace.artifacts.sealing.master_keys import MasterKeys
    from millrace.privacy.keys import load_key

    assert load_key({PRIVACY_KEY: generate(PRIVACY_KEY)}).fingerprint
    assert len(MasterKeys.load({MASTER_KEYS: generate(MASTER_KEYS)}).keys) == 1


def test_what_is_generated_is_always_accepted() -> None:
    assert not [name for name in SECRETS for _ in range(50) if problem(name, generate(name))]


def test_a_lost_file_is_not_replaced_while_an_earlier_stacks_data_are_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = folder / "bin"
    programs.mkdir()
    (programs / "docker").write_text("#!/bin/sh\necho millrace_postgres millrace_s3\n")
    (programs / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    with pytest.raises(RefusedError, match=r"Restore \.env .* docker volume rm millrace_postgres"):
        prepare(folder)
    assert not (folder / ".env").exists()


def test_a_link_is_followed_and_stays_one(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("")
    (folder / ".env").symlink_to(elsewhere)
    prepare(folder)
    assert (folder / ".env").is_symlink()
    assert parse(elsewhere.read_text())["REDIS_PASSWORD"]


def test_a_folder_without_an_example_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--folder", str(tmp_path)]) == 2
    assert ".env.example" in capsys.readouterr().err


def test_it_needs_neither_millrace_nor_any_package(folder: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT / "include")}
    command = [sys.executable, "-S", "-m", "stack.environment", "--folder", str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / ".env").exists()


def test_every_secret_is_in_the_example_and_empty_there() -> None:
    example = parse((PROJECT / ".env.example").read_text())
    assert {name: example[name] for name in SECRETS} == dict.fromkeys(SECRETS, "")
