"""Messages for benchmarks of learning: the SMS Spam Collection as canonical texts."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa

from millrace.artifacts.tables import write_table
from millrace.canonical_text.canonical import CanonicalText
from millrace.learning.dataset import DatasetSplit
from millrace.learning.texts.learnt import LearntTexts
from millrace.workflow.text_models import Tokens
from millrace.workflow.texts import TextAugmentation, TextTransform

LABELS = ("ham", "spam")
TRANSFORM = TextTransform().model_dump()
_SCHEMA = pa.schema(
    [
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("content_digest", pa.binary(16), nullable=False),
        pa.field("text", pa.string(), nullable=False),
    ]
)
_GROUP = 8_192  # rows a row group


def raw_messages(rows: int) -> tuple[list[str], list[str]]:
    """Return the texts and labels of the collection, over and over up to `rows`."""
    if not os.environ.get("SMS"):
        raise SystemExit("set SMS to the file SMSSpamCollection")
    lines = Path(os.environ["SMS"]).read_text(encoding="utf-8").splitlines()
    lines = (lines * (rows // len(lines) + 1))[:rows]
    labels, texts = zip(*(line.split("\t", 1) for line in lines), strict=True)
    return list(texts), list(labels)


def messages(folder: Path, rows: int) -> tuple[DatasetSplit, LearntTexts]:
    """Write so many canonical records; return them, and what they teach."""
    texts, labels = raw_messages(rows)
    columns = [
        pa.array([f"sms/{row:09d}" for row in range(rows)]),
        pa.repeat("sms", rows),
        pa.array(labels),
        pa.array([row.to_bytes(16) for row in range(rows)], pa.binary(16)),
        CanonicalText(TRANSFORM)(pa.array(texts)),
    ]
    table = pa.table(columns, schema=_SCHEMA)
    path = folder / "train.parquet"
    write_table(path, _SCHEMA, [table.slice(at, _GROUP) for at in range(0, rows, _GROUP)])
    learnt = LearntTexts.of(path, Tokens(), TextAugmentation())
    return DatasetSplit("train", path, LABELS, learnt.encoder), learnt
