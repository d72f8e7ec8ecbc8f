"""`TfidfEncoder`: canonical texts as weights of terms. What it learnt is the terms and their idf.

scikit-learn counts and weighs, in serving as in fitting, so that both see the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, cast

import numpy as np
import pyarrow as pa

from millrace.artifacts.digests import digest_value
from millrace.errors import DataError, IntegrityError
from millrace.learning.modality import Inputs
from millrace.learning.texts.encoder import check_texts, whole

_MOST = 200_000  # terms of a kind
_COMMON: Mapping[str, Any] = {"sublinear_tf": True, "dtype": np.float32}
_KINDS: Mapping[str, Mapping[str, Any]] = {
    "words": {"token_pattern": r"(?u)\w+(?:['’]\w+)*|[^\w\s]", "ngram_range": (1, 2)},
    "pieces": {"analyzer": "char_wb", "ngram_range": (2, 5)},
}
"""Words and pairs of them; pieces within words, in characters."""

Learnt = Mapping[str, Mapping[str, Any]]


class TfidfEncoder:
    """See `millrace.learning.modality.Encoder`.

    Args:
        learnt: ``terms`` in the order of the features and their ``idf``, by kind.
    """

    columns: Sequence[str] = ("text",)
    name = "features"
    dtype = "float32"

    def __init__(self, learnt: Learnt) -> None:
        self._learnt = learnt
        self.shape: tuple[int, ...] = (sum(len(one["terms"]) for one in learnt.values()),)

    @classmethod
    def fit(cls, texts: Sequence[str]) -> TfidfEncoder:
        """Learn the most frequent terms of texts, and how rare they are.

        Raises:
            DataError: all texts are empty.
        """
        if not any(text.strip() for text in texts):
            raise DataError(
                "the training texts have no word",
                where="train split",
                expected="a text that is not empty",
                received=f"{len(texts):,} texts without words",
                remedy="Check what the texts are, and which words the transform leaves.",
            )
        fitted = {name: _vectorizer(name, max_features=_MOST).fit(texts) for name in _KINDS}
        return cls(
            {
                name: {
                    "terms": sorted(one.vocabulary_, key=one.vocabulary_.__getitem__),
                    "idf": one.idf_.tolist(),
                }
                for name, one in fitted.items()
            }
        )

    def check(self, schema: pa.Schema) -> None:
        """Raise `DataError` where records of `schema` have no texts."""
        check_texts(schema)

    def __call__(self, records: pa.Table) -> Inputs:
        """Return features ``(rows, terms)`` float32, dense only where a part is asked for."""
        self.check(records.schema)
        return self.encode(whole(records["text"]))

    def encode(self, texts: pa.Array) -> Inputs:
        """Return the features of texts, likewise."""
        return cast("Inputs", SparseRows(self.sparse(texts.to_pylist())))

    def sparse(self, texts: Sequence[str]) -> Any:
        """Return the features of texts as a sparse matrix ``(rows, terms)``."""
        from scipy import sparse

        return sparse.hstack([one.transform(texts) for one in self._vectorizers], format="csr")

    def to_document(self) -> dict[str, Any]:
        """Return name, shape, type, and what it learnt with its digest."""
        return {
            "name": self.name,
            "shape": list(self.shape),
            "dtype": self.dtype,
            "tfidf": self._learnt,
            "tfidf_digest": digest_value(self._learnt),
        }

    @cached_property
    def _vectorizers(self) -> list[Any]:
        found = []
        for name in _KINDS:  # a document's own order may be any
            found.append(_vectorizer(name, vocabulary=self._learnt[name]["terms"]))
            found[-1].idf_ = np.array(self._learnt[name]["idf"], np.float32)
        return found


def tfidf_encoder(document: Mapping[str, Any]) -> TfidfEncoder:
    """Return the encoder of a document; raise `IntegrityError` where its terms were changed."""
    digest = digest_value(document["tfidf"])
    if digest != document["tfidf_digest"]:
        raise IntegrityError(
            "the terms of a bundle are not those it was trained with",
            expected=document["tfidf_digest"],
            received=digest,
        )
    return TfidfEncoder(document["tfidf"])


class SparseRows:
    """Rows of a sparse matrix, which become an array where one is asked for.

    A text has few of all terms: the dense features of 8,192 texts would fill gigabytes.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, matrix: Any) -> None:
        self._matrix = matrix
        self.shape: tuple[int, int] = matrix.shape

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: int | slice) -> Any:
        """Return some rows, or the values of one ``(terms,)``."""
        if isinstance(key, slice):
            return SparseRows(self._matrix[key])
        return self._matrix[[key]].toarray()[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """Return the values ``(rows, terms)``."""
        return np.asarray(self._matrix.toarray(), dtype)


def _vectorizer(name: str, **options: Any) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(**_KINDS[name], **_COMMON, **options)
