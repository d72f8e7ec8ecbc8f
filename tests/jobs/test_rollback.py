"""Rolling back: to which version, and when not."""

from __future__ import annotations

from pathlib import Path

import pytest

from millrace.artifacts.manifest import Manifest
from millrace.artifacts.reference import ArtifactRef
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.catalog.records import Promotion
from millrace.errors import ChampionChanged, DataError, IntegrityError, SpecError
from millrace.jobs.rollback import fallen_reason, roll_back


class Models:
    """A workflow with three champions after each other, and a version that never was one."""

    def __init__(self, folder: Path) -> None:
        self.store = Store((folder / "store").as_uri())
        self.catalog = Catalog(f"sqlite:///{folder / 'catalog.db'}")
        self.catalog.migrate()
        self.bundles = [self.bundle(folder, number) for number in (1, 2, 3, 4)]
        for number, bundle in enumerate(self.bundles, 1):
            self.catalog.models.register("w", bundle, None, {})
            if number < 4:
                self.crown(number)

    def bundle(self, folder: Path, number: int) -> ArtifactRef:
        path = folder / f"{number}.txt"
        path.write_text(f"bundle {number}")
        entry = self.store.put(path)
        return self.store.publish(Manifest("bundle", f"{number:064}", {"x": entry})).ref

    def crown(self, number: int) -> None:
        champion = self.champion()
        self.catalog.models.decide("w", number, "promoted", "", "gate", None, champion or None)

    def champion(self) -> int:
        found = self.catalog.models.champion("w")
        return 0 if found is None else found.version

    def back(self, to: int | None = None, reason: str = "why") -> Promotion:
        return roll_back(self.catalog, self.store, "w", to, reason, "me")


@pytest.fixture
def models(tmp_path: Path) -> Models:
    return Models(tmp_path)


def test_one_rollback_after_the_other_goes_back_in_time(models: Models) -> None:
    made = models.back(reason=" it fails at night ")
    assert (made.version, made.replaced, made.decision) == (2, 3, "rolled_back")
    assert (made.reason, made.actor) == ("it fails at night", "me")
    assert models.back().version == 1
    with pytest.raises(SpecError, match="no champion before"):
        models.back()


def test_a_new_champion_after_a_rollback_falls_back_to_what_it_replaced(models: Models) -> None:
    models.back(to=1)
    models.crown(4)
    assert models.back().version == 1


def test_the_history_is_only_added_to(models: Models) -> None:
    before = models.catalog.models.promotions("w")
    models.back()
    models.back(to=3)
    after = models.catalog.models.promotions("w")
    assert after[: len(before)] == before
    assert [made.version for made in after[len(before) :]] == [2, 3]
    assert models.champion() == 3


@pytest.mark.parametrize(
    ("to", "says"), [(4, "champion before"), (3, "champion already"), (9, "no such model version")]
)
def test_a_version_that_is_no_former_champion_is_refused(
    models: Models, to: int, says: str
) -> None:
    with pytest.raises(SpecError, match=says):
        models.back(to=to)
    assert models.champion() == 3


def test_a_rollback_needs_a_reason_and_a_champion(models: Models) -> None:
    with pytest.raises(SpecError, match="reason"):
        models.back(reason="  ")
    with pytest.raises(SpecError, match="no champion"):
        roll_back(models.catalog, models.store, "other", None, "why", "me")


def test_a_bundle_that_is_gone_or_damaged_is_not_crowned(models: Models) -> None:
    root = models.store.local_root
    assert root is not None
    path = models.store.get(models.bundles[1]).path("x")
    path.chmod(0o644)
    path.write_text("something else")
    with pytest.raises(IntegrityError, match="damaged"):
        models.back(to=2)
    next(root.glob(f"manifests/*/{models.bundles[0].key}.json")).unlink()
    with pytest.raises(DataError, match="no longer in the store"):
        models.back(to=1)
    assert models.champion() == 3


def test_a_champion_that_changed_meanwhile_is_not_overruled(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = models.store.get

    def meanwhile(ref: ArtifactRef) -> object:
        models.crown(4)
        return get(ref)

    monkeypatch.setattr(models.store, "get", meanwhile)
    with pytest.raises(ChampionChanged):
        models.back()
    assert models.champion() == 4


def test_a_bundle_collected_at_the_same_moment_is_not_left_champion(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = models.catalog.models.decide

    def meanwhile(*arguments: object) -> object:
        made = decide(*arguments)  # type: ignore[arg-type]
        names = models.store.manifest_names(models.bundles[1].key, "")
        models.store.backend.remove(names)
        return made

    monkeypatch.setattr(models.catalog.models, "decide", meanwhile)
    with pytest.raises(DataError, match="no longer in the store"):
        models.back()
    assert models.champion() == 3


def test_a_version_has_fallen_until_it_reigns_again(models: Models) -> None:
    third = models.catalog.models.get("w", 3)
    assert fallen_reason(models.catalog.models, third) is None
    models.back(reason="too slow")
    assert fallen_reason(models.catalog.models, third) == "too slow"
    models.back(to=3)
    assert fallen_reason(models.catalog.models, third) is None
