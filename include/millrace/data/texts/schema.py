"""The columns that cleaning stores of texts."""

from __future__ import annotations

import pyarrow as pa

from millrace.data.schemas import clean

CLEAN = clean(pa.field("attachments", pa.int32(), nullable=False))
"""A text that kept the contract, as UTF-8; of a message, the number of its attachments, else 0."""
