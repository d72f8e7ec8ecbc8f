"""The columns that cleaning stores of records of tables."""

from __future__ import annotations

import pyarrow as pa

from millrace.data.schemas import clean

CLEAN = clean(pa.field("ignored_fields", pa.int32(), nullable=False))
"""A record that kept the contract, as its source gave it; how many of its fields are ignored."""
