"""`TextSurvey`: lengths and languages of texts, as far as somebody looked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from millrace.data.encoding import MESSAGE
from millrace.data.survey.measure import Counted
from millrace.data.survey.picture_survey import span
from millrace.data.texts.language import language_of
from millrace.workflow.proposing.text_seen import SeenTexts

_ASKED = 300  # texts whose language is asked for
_EACH = 40  # of them, of a part

Numbers = npt.NDArray[np.int64]


class TextSurvey:
    """See `millrace.data.survey.survey.Survey`."""

    keeps_equal: ClassVar[bool] = False
    columns: ClassVar[tuple[str, ...]] = ("content", "attachments")

    def __init__(self) -> None:
        self._characters: list[Numbers] = [np.zeros(0, np.int64)]
        self._words: list[Numbers] = [np.zeros(0, np.int64)]
        self._languages: Counter[str] = Counter()
        self._asked = self._messages = self._attachments = 0

    def before(self, raw: Iterable[pa.Table]) -> None:
        """Count e-mails."""
        for table in raw:
            self._messages += pc.sum(pc.equal(table["encoding"], MESSAGE)).as_py() or 0

    def trial(self) -> dict[str, Any]:
        """Return a workflow that refuses what is refused by default."""
        return {"task": "text_classification", "model": {"kind": "text_mlp"}}

    def add(self, cleaned: pa.Table) -> None:
        """Measure texts."""
        texts = cleaned["content"].cast(pa.string())
        self._characters.append(pc.utf8_length(texts).to_numpy())
        self._words.append(pc.count_substring_regex(texts, r"\S+").to_numpy())
        self._attachments += pc.sum(cleaned["attachments"]).as_py() or 0
        step = max(1, -(-len(texts) // _EACH))
        for text in texts.take(pa.array(range(0, len(texts), step), pa.int64())).to_pylist():
            if self._asked < _ASKED and (language := language_of(text)):
                self._asked += 1
                self._languages[language] += 1

    def seen(self, counted: Counted) -> SeenTexts:
        """Return what was seen."""
        characters, words = (np.concatenate(part) for part in (self._characters, self._words))
        return SeenTexts(
            **{**asdict(counted), "sources": counted.sources},
            characters=span(characters if len(characters) else np.zeros(1, np.int64)),
            words=span(words if len(words) else np.zeros(1, np.int64)),
            languages=dict(self._languages.most_common()),
            messages=self._messages,
            attachments=self._attachments,
        )

    def quick(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the document as it is: texts are split quickly."""
        return dict(document)
