"""A certificate passes only where every stored record went through every check."""

from __future__ import annotations

import json

import pytest

from millrace.errors import SpecError
from millrace.privacy.certificate import Certificate, has_passed


def certificate() -> Certificate:
    return Certificate("profile", ["option"], "abcd")


def test_counts_are_by_action_and_by_attribute() -> None:
    made = certificate()
    made.store({("PatientName", "replaced"): 1, ("StudyDate", "shifted"): 2}, [("search", True)])
    made.withhold("burned in")
    document = made.to_document()
    assert document["actions"] == {"replaced": 1, "shifted": 2}
    assert document["attributes"]["StudyDate"] == {"shifted": 2}
    assert document["records"] == {"stored": 1, "withheld": {"burned in": 1}}
    assert has_passed(json.loads(json.dumps(document)))


def test_one_failed_check_fails_it() -> None:
    made = certificate()
    made.store({}, [("search", True)])
    made.store({}, [("search", False)])
    assert not has_passed(made.to_document())


def test_a_record_that_skipped_a_check_fails_it() -> None:
    made = certificate()
    made.store({}, [("search", True), ("uids", True)])
    made.store({}, [("search", True)])
    assert not made.passed


def test_a_record_without_any_check_fails_it() -> None:
    made = certificate()
    made.store({}, [])
    assert not made.passed


def test_a_certificate_of_an_unknown_format_is_refused() -> None:
    with pytest.raises(SpecError, match="unknown format"):
        has_passed({"format": 99, "passed": True})
