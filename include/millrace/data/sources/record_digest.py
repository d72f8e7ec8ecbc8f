"""`add_records`: what a RAW table's records hold, added to a digest; not where they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from millrace.artifacts.digests import digest_value


def add_records(digest: Any, table: pa.Table) -> None:
    """Add labels, groups, contents and encodings of a table's rows to a hash."""
    content = table["content"].combine_chunks()
    lengths = pc.fill_null(pc.binary_length(content), -1).to_numpy().astype(np.int64)
    encodings = table["encoding"].combine_chunks().dictionary_encode()
    words = [table["label"].to_pylist(), encodings.dictionary.to_pylist()]
    if table["group"].null_count < table.num_rows:
        words.append(table["group"].to_pylist())
    digest.update(digest_value(words).encode())
    digest.update(encodings.indices.to_numpy().tobytes())
    digest.update(lengths.tobytes())
    for value in content:
        if value.is_valid:
            digest.update(value.as_buffer())
