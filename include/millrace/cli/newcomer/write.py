"""`write`: the two files of a new workflow. Replaces nothing unless it was told to."""

from __future__ import annotations

import os
from pathlib import Path

from rich.console import Console

from millrace.errors import SpecError, TransientError
from millrace.settings import Settings

_SUFFIX = "_predict"


def check_free(name: str, folder: Path | None, *, force: bool) -> None:
    """Refuse a name that is taken; `force` allows to replace the workflow of that name.

    Args:
        folder: of the spec, where it is not the installation's.

    Raises:
        SpecError: a file is there, or a DAG of another workflow has the name.
    """
    spec, dag = _files(name, folder)
    taken = [path for path in (spec, spec.with_suffix(".yml"), dag) if path and path.exists()]
    if taken and not force:
        raise SpecError(
            "there is a workflow of this name",
            where=taken[0],
            remedy="Choose another name, or replace it with --force.",
        )
    if (
        dag is not None
        and dag.exists()
        and "workflow_dags(" not in dag.read_text("utf-8", "replace")
    ):
        raise SpecError(
            "a DAG file that is no workflow's has this name",
            where=dag,
            remedy="Choose another name.",
        )
    others = {path.stem for path in spec.parent.glob("*.y*ml")} - {name}
    if name.removesuffix(_SUFFIX) in others or f"{name}{_SUFFIX}" in others:
        raise SpecError(
            "the name collides with another workflow's prediction DAG",
            where="NAME",
            received=name,
            remedy="Choose another name.",
        )


def write(console: Console, name: str, text: str, folder: Path | None) -> None:
    """Write the workflow and, where it is the installation's, its DAG file; say what is next."""
    from millrace.cli.new import DAG_FILE

    spec, dag = _files(name, folder)
    other = spec.with_suffix(".yml")
    try:
        spec.parent.mkdir(parents=True, exist_ok=True)
        spec.write_text(text, encoding="utf-8")
        other.unlink(missing_ok=True)
        if dag is not None:
            dag.parent.mkdir(parents=True, exist_ok=True)
            dag.write_text(DAG_FILE.format(name), encoding="utf-8")
    except OSError as error:
        raise TransientError("cannot write the workflow", where=spec, received=error) from error
    written = " and ".join(str(path) for path in (spec, dag) if path is not None)
    console.print(f"Wrote {written}.")
    if dag is None:
        console.print("It becomes a DAG in the folder of the workflows, with a file in dags/.")
        return
    console.print(f"Next: `millrace run {name} --local`, or `millrace run {name}` in Airflow.")


def _files(name: str, folder: Path | None) -> tuple[Path, Path | None]:
    """Return the spec's file, and the DAG's where it is the installation's spec."""
    settings = Settings.load()
    if folder is not None:
        return folder / f"{name}.yaml", None
    dags = Path(os.environ.get("MILLRACE_DAGS") or settings.project / "dags").absolute()
    return settings.workflows / f"{name}.yaml", dags / f"{name}.py"
