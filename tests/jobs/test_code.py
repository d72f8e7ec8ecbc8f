from __future__ import annotations

from pathlib import Path

import pytest

from millrace.errors import SpecError
from millrace.jobs.code import code_digests, forget


def test_a_stage_reaches_what_it_imports_and_no_more() -> None:
    digests = code_digests(["millrace.data.clean"])
    assert "millrace.artifacts.tables" in digests
    assert not any(name.startswith(("millrace.jobs", "millrace.learning")) for name in digests)
    assert not any(name.startswith("millrace.data.integration") for name in digests)


def test_a_users_package_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "mine"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "rules.py").write_text("from . import helper\nimport json\n")
    (package / "helper.py").write_text("LIMIT = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = code_digests(["mine.rules"])
    assert set(before) == {"mine", "mine.rules", "mine.helper"}
    (package / "helper.py").write_text("LIMIT = 30\n")
    assert code_digests(["mine.rules"])["mine.helper"] != before["mine.helper"]


def test_a_users_module_is_followed_into_its_other_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget()
    (tmp_path / "my_rules.py").write_text("import my_helpers.limits, numpy, json\n")
    (tmp_path / "my_helpers").mkdir()
    (tmp_path / "my_helpers" / "__init__.py").write_text("")
    (tmp_path / "my_helpers" / "limits.py").write_text("LIMIT = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert set(code_digests(["my_rules"])) == {"my_rules", "my_helpers", "my_helpers.limits"}


def test_code_that_is_not_python_is_a_spec_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget()
    (tmp_path / "torn_rules.py").write_text("def rule(:\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SpecError, match="not Python"):
        code_digests(["torn_rules"])


def test_a_module_that_is_not_there_is_a_spec_error() -> None:
    with pytest.raises(SpecError, match="no_such_module"):
        code_digests(["no_such_module.reader"])


def test_no_stage_depends_on_what_surrounds_it() -> None:
    from millrace.jobs.stages import STAGES

    for stage in STAGES.values():
        modules = code_digests([stage.module])
        assert not any("jobs" in name or "orchestration" in name for name in modules)


@pytest.mark.parametrize(
    ("stage", "modules"),
    [
        ("millrace.data.clean", ("millrace.data.labels.quantities", "millrace.workflow.quantity")),
        ("millrace.learning.train", ("millrace.learning.training.quantity_objective",)),
        ("millrace.learning.evaluate", ("millrace.learning.evaluation.quantity_figures",)),
        ("millrace.learning.predict", ("millrace.learning.target_quantity",)),
    ],
)
def test_what_a_regression_does_is_part_of_its_stages(stage: str, modules: tuple[str, ...]) -> None:
    assert set(modules) <= set(code_digests([stage]))
