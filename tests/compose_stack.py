"""The stack's compose file as Compose reads it, with a generated `.env`."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[1]
FILE = PROJECT / "docker-compose.yml"
MISSING = "docker-compose is not on this machine"
PROFILES = ("s3", "backup", "build", "gpu", "tls", "flower", "mlflow")


class _Strict(yaml.SafeLoader):
    """YAML in which no key of a mapping stands twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value if key.value != "<<"]
        assert len(names) == len(set(names)), f"line {node.start_mark.line + 1}: {names}"
        return super().construct_mapping(node, deep)


def as_written() -> dict[str, Any]:
    """Return the file's document, variables unresolved."""
    return dict(yaml.load(FILE.read_text(), _Strict))


def prepared(folder: Path) -> dict[str, str]:
    """Make a `.env` in a folder as `make stack` does; return its variables."""
    from stack.environment import parse, prepare

    shutil.copy(PROJECT / ".env.example", folder)
    prepare(folder)
    return parse((folder / ".env").read_text()) | {"DOCKER_GID": "999"}


def compose(
    variables: Mapping[str, str], *arguments: str, profiles: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run Compose with these variables and no others."""
    program = shutil.which("docker-compose")
    assert program, MISSING
    flags = [part for name in profiles for part in ("--profile", name)]
    with tempfile.NamedTemporaryFile("w", prefix="stack-", suffix=".env") as file:
        file.writelines(f"{name}={value}\n" for name, value in variables.items())
        file.flush()
        command = [program, "--env-file", file.name, "--file", str(FILE), *flags, *arguments]
        return subprocess.run(
            command,
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def project(variables: Mapping[str, str]) -> str:
    """Return the name of the stack."""
    return variables.get("COMPOSE_PROJECT_NAME") or "millrace"


def resolved(variables: Mapping[str, str], profiles: tuple[str, ...] = PROFILES) -> dict[str, Any]:
    """Return the document as Compose resolves it."""
    done = compose(variables, "config", profiles=profiles)
    assert done.returncode == 0, done.stderr
    return dict(yaml.safe_load(done.stdout))
