"""`TextExaminer`: reads the texts of RAW tables, and looks at them. Judging is `rules`'s."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from millrace.artifacts.tables import sliced
from millrace.data.cleaning.reasons import Refusals
from millrace.data.cleaning.rules import refuse_by_rules
from millrace.data.encoding import TEXT
from millrace.data.texts.read import read_texts
from millrace.data.texts.repair import repaired
from millrace.data.texts.rules import refuse_texts

_ROWS = 2_048  # of a batch, at most


@dataclass(frozen=True)
class SeenTexts:
    """See `millrace.data.modality.Examined`.

    Attributes:
        texts: `pa.string()`; null where `failures` says why there is none.
        attachments: how many each message has, int32.
        failures: why a row has no text.
    """

    texts: pa.Array
    attachments: pa.Array
    failures: Mapping[int, str]

    def refuse(self, refusals: Refusals, rules: Mapping[str, Any]) -> None:
        """Refuse what is no text, and what is beyond the limits."""
        refuse_texts(refusals, self.texts, self.failures, rules)

    def apply_rules(
        self, refusals: Refusals, labels: Sequence[str | None], paths: Sequence[str]
    ) -> None:
        """Apply the user's own rules; what they receive: see the package."""
        rows = np.flatnonzero(self.texts.is_valid().to_numpy(zero_copy_only=False))
        texts = self.texts.to_numpy(zero_copy_only=False)[rows]
        refuse_by_rules(refusals, [(rows, texts)], labels, paths)

    def digests(self) -> npt.NDArray[np.bytes_]:
        """Return the BLAKE2b-16 of each text's UTF-8."""
        return self._digests

    @cached_property
    def _digests(self) -> npt.NDArray[np.bytes_]:
        found = [
            bytes(16) if data is None else blake2b(data, digest_size=16).digest()
            for data in self.texts.cast(pa.binary()).to_pylist()
        ]
        return np.frombuffer(b"".join(found), "S16") if found else np.zeros(0, "S16")

    def columns(self) -> Mapping[str, pa.Array]:
        """Return what is stored of every row."""
        return {
            "attachments": self.attachments,
            "content": self.texts.cast(pa.binary()),
            "encoding": pa.repeat(TEXT, len(self.texts)),
        }


class TextExaminer:
    """See `millrace.data.modality.Examiner`.

    Args:
        params: of the clean stage.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        rules = params["rules"]
        self._headers: Sequence[str] = rules.get("headers", ())
        self._repair: bool = rules.get("repair", "encoding") == "encoding"

    def batches(self, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Yield the tables in parts of at most 2,048 rows."""
        return (part for table in tables for part in sliced(table, _ROWS))

    def __call__(self, raw: pa.Table) -> SeenTexts:
        """Read the texts of a table."""
        texts, attachments, failures = read_texts(raw["content"], raw["encoding"], self._headers)
        if self._repair:
            texts = repaired(texts)
        return SeenTexts(pc.utf8_trim_whitespace(texts), attachments, failures)
