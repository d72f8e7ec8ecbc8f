"""`.env` of the stack: written once with generated secrets, completed, checked; never overwritten.

Takes the names from `.env.example`. A value that somebody set stays, good or bad; a bad one is
refused. Uses the standard library only, so that any Python of a Docker host will do.

    PYTHONPATH=include python3 -m stack.environment [--check] [--folder FOLDER] [--version VERSION]
"""

from __future__ import annotations

import argparse
import os
import re
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

from stack.rules import SECRETS, RefusedError, check, generate

GROUP = "DOCKER_GID"
PREFIX = "S3_PREFIX"
PRIVATE = 0o600

_LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$")


def main(arguments: list[str] | None = None) -> int:
    """Make or check `.env`; return the exit code: 0, or 2 where it is refused."""
    parser = argparse.ArgumentParser(prog="stack.environment", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("--folder", type=Path, default=Path.cwd(), help="with .env.example")
    parser.add_argument("--version", help="of the checkout; say where MILLRACE_TAG is another")
    options = parser.parse_args(arguments)
    try:
        said = inspect(options.folder) if options.check else prepare(options.folder)
    except RefusedError as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"{error.strerror}: {error.filename}\n")
        return 2
    sys.stdout.write("".join(f"{line}\n" for line in said))
    sys.stderr.write(_other_version(options.folder, options.version))
    return 0


def prepare(folder: Path) -> list[str]:
    """Make or complete the `.env` of a folder, and check it.

    Args:
        folder: holds `.env.example`.

    Returns:
        What was done, a sentence each.

    Raises:
        RefusedError: a secret must not be used, or an earlier stack's data would become unreadable.
    """
    example = (folder / ".env.example").read_text(encoding="utf-8")
    path = (folder / ".env").resolve()  # where it is a link, what it leads to is changed
    if path.exists():
        return _complete(path, example)
    _refuse_orphans(folder)
    user = parse(example).get("AIRFLOW_ADMIN_USER", "admin")
    _write(path, _filled(example))
    return [
        f"Wrote {path} with generated secrets; only you can read it. Back it up.",
        f"{user} signs in with its AIRFLOW_ADMIN_PASSWORD.",
    ]


def inspect(folder: Path) -> list[str]:
    """Check the `.env` of a folder without changing it; there is nothing to say, or it raises."""
    path = folder / ".env"
    if not path.exists():
        raise RefusedError(f"{path} is missing: `make stack` writes it.")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise RefusedError(f"Others can read {path}: `chmod 600 {path}`, or run `make stack`.")
    check(parse(path.read_text(encoding="utf-8")))
    return []


def _other_version(folder: Path, version: str | None) -> str:
    """Return a warning where the images would get the tag of another release; else nothing."""
    tag = parse((folder / ".env").read_text(encoding="utf-8")).get("MILLRACE_TAG")
    if version is None or not tag or tag == version:
        return ""
    return (
        f"Warning: the images of this checkout, which is {version}, are tagged {tag}. Set "
        f"MILLRACE_TAG={version} in .env, so that the former ones stay and you can go back.\n"
    )


def parse(text: str) -> dict[str, str]:
    """Return a file's variables by name, without quotes; the last one of a name counts."""
    lines = (_LINE.match(line) for line in text.splitlines())
    return {line[1]: _bare(line[2]) for line in lines if line}


def _bare(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return re.split(r"\s#", value)[0].strip() if not value.startswith("#") else ""


def _complete(path: Path, example: str) -> list[str]:
    text = path.read_text(encoding="utf-8")
    completed = _filled(_joined(text, example))
    check(parse(completed))
    said = []
    if completed != text:
        names = [name for name, value in parse(completed).items() if parse(text).get(name) != value]
        _write(path, completed)
        said.append(f"Added to {path}: {', '.join(names)}.")
    elif stat.S_IMODE(path.stat().st_mode) != PRIVATE:
        path.chmod(PRIVATE)
        said.append(f"Others could read {path}; they no longer can.")
    return said


def _joined(text: str, example: str) -> str:
    """Return the text, then the lines of the example whose variables it lacks."""
    known = parse(text)
    lines = [line for line in example.splitlines() if set(parse(line)) - set(known)]
    if not lines:
        return text
    return text + ("" if text.endswith("\n") or not text else "\n") + "\n".join(lines) + "\n"


def _filled(text: str) -> str:
    """Return the text with values for secrets, the socket's group and the store's folder."""
    values = parse(text)
    return "".join(_filled_line(line, values) for line in text.splitlines(keepends=True))


def _filled_line(line: str, values: dict[str, str]) -> str:
    found = _LINE.match(line)
    if not found or values[found[1]]:
        return line
    name = found[1]
    value = _default(name, values)
    return f"{name}={value}\n" if value else line


def _default(name: str, values: dict[str, str]) -> str:
    """Return what an empty variable is set to; empty where it stays as it is."""
    if name == PREFIX:
        return values.get("COMPOSE_PROJECT_NAME") or "millrace"
    return generate(name) if name in SECRETS else _group(values) if name == GROUP else ""


def _group(values: dict[str, str]) -> str:
    """Return the group that owns the Docker socket; empty where there is no socket."""
    try:
        return str(Path(values.get("DOCKER_SOCKET") or "/var/run/docker.sock").stat().st_gid)
    except OSError:
        return ""


def _write(path: Path, text: str) -> None:
    """Replace the file at once, readable by its owner only from the first byte on."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".env.")  # with mode 600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _refuse_orphans(folder: Path) -> None:
    """Refuse new secrets where volumes were made with others."""
    project = os.environ.get("COMPOSE_PROJECT_NAME") or "millrace"
    wanted = ["--filter", f"label=com.docker.compose.project={project}"]
    command = ["docker", "volume", "ls", "--quiet", *wanted]
    try:
        found = subprocess.run(
            command, capture_output=True, text=True, timeout=20, check=False, cwd=folder
        ).stdout.split()
    except (OSError, subprocess.TimeoutExpired):
        return  # without Docker there are no volumes that could be lost
    if found:
        raise RefusedError(
            f"There is no .env, but the stack {project} has volumes, which new secrets would not "
            "open. Restore .env from the backup; or remove the volumes, and with them all data: "
            "docker volume rm " + " ".join(found)
        )


if __name__ == "__main__":
    raise SystemExit(main())
