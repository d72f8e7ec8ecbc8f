"""The digest of the code that a stage runs: its module and all that it imports of the same kind.

Followed are modules of `millrace.data` and `millrace.learning`, those of privacy, the table format,
and a user's own modules: whatever is neither installed nor of the standard library. What surrounds
every stage alike (store, jobs, catalog, Airflow) cannot change a result.
"""

from __future__ import annotations

import ast
import sys
import threading
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.machinery import PathFinder
from pathlib import Path

from millrace.artifacts.digests import digest_bytes
from millrace.errors import SpecError

_PARSING = threading.Lock()  # Python 3.11's parser fails at times where two threads parse at once
_SITES = ("site-packages", "dist-packages")
_FOLLOWED = (
    *("millrace.data", "millrace.learning"),
    *("millrace.canonical_text", "millrace.privacy"),
    *("millrace.artifacts.tables", "millrace.workflow.quantity"),
)


def code_digests(modules: Iterable[str]) -> dict[str, str]:
    """Return the source digest of every module that `modules` reach, by module name.

    Comments and blank lines count: the source is taken as it is.

    Raises:
        SpecError: a named module cannot be found.
    """
    found: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        path = None if module in found else _source(module)
        if path is None:
            continue
        stat = path.stat()
        digest, imports = _read(path, module, stat.st_mtime_ns, stat.st_size)
        found[module] = digest
        waiting.extend(name for name in _with_parents(imports) if _follows(name))
    missing = sorted(set(modules) - set(found))
    if missing:
        raise SpecError(
            "a module cannot be found",
            received=missing,
            remedy="Put it on PYTHONPATH (the folder `include/` is on it) and check its name.",
        )
    return dict(sorted(found.items()))


def _with_parents(names: Iterable[str]) -> Iterator[str]:
    """Yield names and those of the packages around them, whose ``__init__`` runs first."""
    for name in names:
        parts = name.split(".")
        yield from (".".join(parts[:depth]) for depth in range(1, len(parts) + 1))


def _follows(name: str) -> bool:
    top = name.partition(".")[0]
    if top == "millrace":
        return any(name == root or name.startswith(root + ".") for root in _FOLLOWED)
    return top not in sys.stdlib_module_names and not _installed(top)


@lru_cache(maxsize=1024)
def _installed(top: str) -> bool:
    """Whether a top-level module lies where packages are installed; its version is in the key."""
    spec = PathFinder.find_spec(top)
    places = [spec.origin or "", *(spec.submodule_search_locations or ())] if spec else []
    return not places or any(part in place for place in places for part in _SITES)


@lru_cache(maxsize=1024)
def _source(module: str) -> Path | None:
    """Return a module's source file without importing anything, or None."""
    path: list[str] | None = None
    spec = None
    for depth in range(1, module.count(".") + 2):
        name = ".".join(module.split(".")[:depth])
        spec = PathFinder.find_spec(name, path)
        if spec is None:
            return None
        path = list(spec.submodule_search_locations or ())
    origin = spec.origin if spec is not None else None
    return Path(origin) if origin and origin.endswith(".py") else None


@lru_cache(maxsize=1024)
def _read(path: Path, module: str, _mtime: int, _size: int) -> tuple[str, tuple[str, ...]]:
    """Return a source's digest and what it imports; read again when the file changes."""
    source = path.read_bytes()
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    try:
        with _PARSING:
            tree = ast.parse(source)
    except SyntaxError as error:
        raise SpecError("a module is not Python", where=path, received=error) from error
    return digest_bytes(source), tuple(_imports(tree, package))


def _imports(tree: ast.Module, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: -(node.level - 1) or None] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def forget() -> None:
    """Forget where modules were found: for tests that make and remove modules."""
    _source.cache_clear()
    _installed.cache_clear()
    sys.path_importer_cache.clear()
