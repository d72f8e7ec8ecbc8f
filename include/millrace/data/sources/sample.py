"""`SampleReader`: the samples that Millrace generates. What they are made of: `sample_sms`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from millrace.artifacts.digests import digest_value
from millrace.data.encoding import TEXT
from millrace.data.sources.partition import Partition, cut
from millrace.data.sources.sample_sms import sample_messages

if TYPE_CHECKING:
    import pyarrow as pa

_FILE = "generated-sms"


class SampleReader:
    """Makes the sample; see `millrace.workflow.text_sources.SampleSource`."""

    places: ClassVar[tuple[str, ...]] = ()

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._name: str = document["name"]
        self._rows: int = document["partition_rows"]
        self._messages = sample_messages()
        self._fingerprint = digest_value(self._messages)

    def partitions(self) -> list[Partition]:
        """List the partitions."""
        return cut(self._name, len(self._messages), self._rows, self._fingerprint)

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield the records of `partition`."""
        from millrace.data.sources.contents import Content, content_table

        partition.check_unchanged(self._fingerprint)
        kept = self._messages[partition.start : partition.stop]
        contents = [Content(text.encode(), TEXT, label) for label, text in kept]
        yield content_table(partition, partition.start, contents, _FILE, partition.start + 1)
