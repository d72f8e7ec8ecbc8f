"""`Forgetting`: all that came from one person removed, and left out of the runs to come.

What holds their records goes as a whole: the next run makes it again without them. Models stay, and
are named.
"""

from __future__ import annotations

import getpass
import shutil
from collections.abc import Iterable
from dataclasses import dataclass

from millrace.artifacts.sweep import digests_in, named_objects, take_inventory
from millrace.errors import TransientError
from millrace.jobs import unfinished
from millrace.jobs.collection import collecting
from millrace.jobs.corrections import Corrections
from millrace.jobs.person import Found, Search, by_workflow
from millrace.jobs.privacy_key import keep_key
from millrace.jobs.report_copies import copy_folder
from millrace.jobs.unfinished import Unfinished
from millrace.privacy.keys import load_key


@dataclass(frozen=True)
class Forgetting(Search):
    """A search that can remove what it finds."""

    def forget(self, found: Found) -> None:
        """Remove what was found, and leave the person out of all runs to come.

        Killed at any moment it ends when it is repeated: what is to go is written down first.

        Raises:
            TransientError: a run is at work, which may hold what is to go.
        """
        with collecting(self.settings.home, self.catalog):
            self._refuse_running()
            for workflow in self.workflows():  # under another key the person would come back
                keep_key(self.store, workflow, load_key())
            self.catalog.forgotten.record(
                found.pseudonym, found.workflow, found.counts(), found.models, _actor()
            )
            what = self._noted(found)
            self._withdraw(found.ids)
            with self.catalog.live.still():
                for one in found.held:  # a person may have looked at their slices
                    shutil.rmtree(copy_folder(self.settings.home, one.manifest.digest), True)
                self.store.backend.remove([one.item.entry.name for one in found.held])
                self._remove_objects(what)
            self.predictions(found.ids, dry_run=False)
            if self.restricted is not None:
                self.restricted.forget(found.pseudonym, self.workflow)
            unfinished.done(self.store, found.pseudonym, self.workflow)

    def _refuse_running(self) -> None:
        running = self.catalog.executions.running(self.workflow)
        if running:
            raise TransientError(
                "a run is at work, which may hold what is to be forgotten",
                where=f"run {running[0].run}",
                remedy="Wait until it has ended, or stop it; then repeat the command.",
            )

    def _withdraw(self, ids: Iterable[tuple[str, str]]) -> None:
        """Take corrections of the records out of force."""
        for workflow, names in by_workflow(ids).items():
            refs = [one.ref for one in self.catalog.corrections.in_force(workflow)]
            if refs:
                sealed = any(self.store.get(ref).manifest.sealed for ref in refs)
                store = self.store.sealing(sealed)
                Corrections(workflow, self.catalog, store).withdraw(names)

    def _noted(self, found: Found) -> Unfinished:
        """Write down what is to go, and return it."""
        names = [one.item.entry.name for one in found.held]
        backend = self.store.backend
        what = found.begun | Unfinished(
            records=found.ids,
            manifests=frozenset(names),
            objects=frozenset().union(*(digests_in(backend.read(name)) for name in names)),
            keys=frozenset(one.manifest.key for one in found.held),
            models=frozenset(found.models),
        )
        if what != found.begun:
            store = self.store.sealing(any(one.manifest.sealed for one in found.held))
            unfinished.write(store, found.pseudonym, self.workflow, what)
        return what

    def _remove_objects(self, what: Unfinished) -> None:
        """Remove what no manifest names any more, here and in this host's cache."""
        backend = self.store.backend
        rest = take_inventory(backend, ("manifests",)).of("manifest", "replaced manifest")
        still = frozenset().union(*named_objects(backend, rest).values())
        for item in take_inventory(backend).items:
            loose = item.digest in what.objects - still and item.kind in ("object", "data key")
            if loose or (item.kind in ("checkpoint", "document") and item.key in what.keys):
                backend.remove([item.entry.name])
        for digest in {one.rpartition("/")[2] for one in what.objects}:
            for area in ("objects", "sealed"):
                name = f"{area}/{digest[:2]}/{digest}"
                (self.settings.home / "cache" / name).unlink(missing_ok=True)


def _actor() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without an entry for its user
        return "unknown"
