"""The rules that look at a text by itself: decodable, not empty, no bytes, of the right length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from millrace.data.cleaning.reasons import UNDECODABLE, Refusals
from millrace.data.texts.language import foreign

EMPTY = "empty"
NOT_TEXT = "not_text"
TOO_SHORT = "too_short"
TOO_LONG = "too_long"
WRONG_LANGUAGE = "wrong_language"

_SHOWN = r"[^\s\pZ\pC\x{034F}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{2800}\x{3164}\x{FFA0}]"
_CONTROL = r"[\x00-\x08\x0E-\x1A\x1C-\x1F\x7F-\x{9F}\x{FFFD}\x{FFFE}\x{FFFF}]"
_WALL = r"(?m)^[ \t>]*[A-Za-z0-9+/]{50}[A-Za-z0-9+/]*=*\s*$|^M[\x20-\x60]{60}\s*$"
_MOST_CONTROL = 0.1  # share of a text's characters
_MOST_WALL = 0.9  # likewise: a message that quotes a file is still one
_LEAST_WALL = 200  # characters: a long laugh is a text

Numbers = npt.NDArray[np.int64]


def refuse_texts(
    refusals: Refusals, texts: pa.Array, failures: Mapping[int, str], rules: Mapping[str, Any]
) -> None:
    """Refuse what breaks the contract.

    Args:
        texts: null where `failures` says why.
        rules: the values of `millrace.workflow.texts.TextCleaning`.
    """
    failed = np.array(sorted(failures), np.int64)
    refusals.refuse(failed, UNDECODABLE, [failures[row] for row in failed.tolist()])
    lengths = _numbers(pc.utf8_length(texts))
    shown = pc.match_substring_regex(texts, _SHOWN)
    _refuse(refusals, ~_flags(shown), EMPTY, "nothing is to be read")
    limits = {"longest": 1_000_000, **(rules.get("length") or {})}
    _refuse_length(refusals, lengths, TOO_LONG, limits["longest"], 1)
    _refuse_length(refusals, lengths, TOO_SHORT, limits.get("shortest"), -1)
    if rules.get("not_text", "refuse") == "refuse":
        _refuse_bytes(refusals, texts, lengths)
    if rules.get("languages"):
        _refuse_languages(refusals, texts, rules["languages"])


def _refuse(refusals: Refusals, broken: npt.NDArray[np.bool_], reason: str, detail: str) -> None:
    refusals.refuse(np.flatnonzero(broken & refusals.accepted), reason, detail)


def _refuse_length(
    refusals: Refusals, lengths: Numbers, reason: str, limit: int | None, sign: int
) -> None:
    if limit is not None:
        rows = np.flatnonzero(sign * lengths > sign * limit)
        details = [f"{lengths[row]:,} characters; the limit is {limit:,}" for row in rows.tolist()]
        refusals.refuse(rows, reason, details)


def _refuse_bytes(refusals: Refusals, texts: pa.Array, lengths: Numbers) -> None:
    """Refuse texts that are mostly no words: control characters, and encoded bytes."""
    rows = np.flatnonzero(refusals.accepted)
    left = texts.take(pa.array(rows))
    control = _numbers(pc.count_substring_regex(left, _CONTROL)) / lengths[rows]
    outside = _numbers(pc.utf8_length(pc.replace_substring_regex(left, _WALL, "")))
    wall = np.where(lengths[rows] - outside < _LEAST_WALL, 0, 1 - outside / lengths[rows])
    for share, most, words in (
        (control, _MOST_CONTROL, "{:.0%} are control or undecodable characters"),
        (wall, _MOST_WALL, "{:.0%} are encoded bytes, such as base64"),
    ):
        over = share > most
        details = [words.format(value) for value in share[over].tolist()]
        refusals.refuse(rows[over], NOT_TEXT, details)


def _refuse_languages(refusals: Refusals, texts: pa.Array, wanted: list[str]) -> None:
    rows = np.flatnonzero(refusals.accepted)
    found = list(foreign(texts.take(pa.array(rows)).to_pylist(), wanted))
    over = np.array([said is not None for said in found], bool)
    refusals.refuse(rows[over], WRONG_LANGUAGE, [said for said in found if said is not None])


def _numbers(values: pa.Array) -> Numbers:
    found: Numbers = pc.fill_null(values, 0).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def _flags(values: pa.Array) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = pc.fill_null(values, False).to_numpy(zero_copy_only=False)
    return found
