"""Pseudonyms: equal for equal originals, different under another key, of the right form."""

from __future__ import annotations

import re
import uuid

import pytest

from millrace.privacy.keys import PrivacyKey
from millrace.privacy.pseudonyms import Pseudonyms

ONE, OTHER = (Pseudonyms(PrivacyKey(bytes([n]) * 32)) for n in (1, 2))


def test_a_patient_has_one_pseudonym_under_one_key() -> None:
    assert ONE.patient("4711") == ONE.patient("4711")
    assert len({ONE.patient("4711"), ONE.patient("4712"), OTHER.patient("4711")}) == 3
    assert re.fullmatch(r"P-[A-Z2-7]{16}", ONE.patient("4711"))


def test_kinds_of_names_do_not_meet() -> None:
    assert ONE.name("series", "1.2.3")[2:] != ONE.name("instance", "1.2.3")[2:]


@pytest.mark.parametrize("original", ["1.2.3", "", "1.2.840.113619.2.55.3.2831"])
def test_a_uid_becomes_one_that_is_made_of_a_uuid(original: str) -> None:
    made = ONE.uid(original)
    number = int(made.removeprefix("2.25."))
    assert len(made) <= 64
    assert uuid.UUID(int=number).variant == uuid.RFC_4122
    assert uuid.UUID(int=number).version == 8


def test_dates_of_a_patient_move_by_one_number_of_days_into_the_past() -> None:
    days = [ONE.days(f"P-{n}") for n in range(200)]
    assert days[3] == ONE.days("P-3")
    assert -3_650 <= min(days) < max(days) <= -365
    assert len(set(days)) > 150
