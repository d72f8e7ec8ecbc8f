"""`Records`: RAW tables of de-identified slices, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from millrace.data.dicom.burned import burned_in, can_read_text, shows_text
from millrace.data.dicom.checks import check
from millrace.data.dicom.deidentify import Deidentifier
from millrace.data.dicom.frames import split_frames
from millrace.data.dicom.parse import parse
from millrace.data.dicom.profile import Profile
from millrace.data.dicom.quiet import quiet
from millrace.data.dicom.scan import Scan
from millrace.data.dicom.series import Series
from millrace.data.dicom.undecodable import Undecodable
from millrace.data.encoding import DICOM
from millrace.data.sources.bounded import bounded
from millrace.data.sources.contents import Content, named_table, refused
from millrace.data.sources.partition import Partition
from millrace.errors import MillraceError
from millrace.privacy.certificate import Certificate
from millrace.privacy.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    from pydicom import FileDataset

File = tuple[Series[Any], Scan, bytes | None, str | None]
"""A file's series, what it is, its bytes, and its label."""


class _Record(NamedTuple):
    name: str
    content: Content


class Records:
    """Makes records of files.

    Args:
        source: name of the source. profile: of de-identification.
        privacy: values of `millrace.workflow.privacy.Privacy`.
    """

    def __init__(
        self, source: str, profile: Profile, privacy: Mapping[str, Any], pseudonyms: Pseudonyms
    ) -> None:
        self._source = source
        self._profile = profile
        self._keeps_burned = privacy["burned_in"] == "keep"
        self._deidentify = Deidentifier(profile, pseudonyms)

    def tables(
        self, partition: Partition, files: Iterable[File], certificate: Certificate | None
    ) -> Iterator[pa.Table]:
        """Yield the records of files, and count in `certificate` what was done."""
        start = 0
        self._names: Counter[str] = Counter()
        made = (record for file in files for record in self._records(file, certificate))
        with quiet():
            for batch in bounded(made, lambda record: record.content.size):
                names = [record.name for record in batch]
                yield named_table(partition, start, names, names, [one.content for one in batch])
                start += len(batch)

    def _records(self, file: File, certificate: Certificate | None) -> Iterator[_Record]:
        """Yield as many records as the listing said, whatever happens to the file."""
        series, scan, data, label = file
        name = self._unique(f"{series.name}/{scan.instance}")
        contents = self._contents(series, scan.patient, data, certificate)
        for number, content in enumerate(islice(contents, scan.frames), 1):
            named = content._replace(label=label, group=scan.patient)
            yield _Record(name if scan.frames == 1 else f"{name}/{number:05d}", named)

    def _unique(self, name: str) -> str:
        """Return a name that no other file of the partition has; copies of a file are counted."""
        self._names[name] += 1
        count = self._names[name]
        return name if count == 1 else f"{name}-{count}"

    def _contents(
        self, series: Series[Any], patient: str, data: bytes | None, certificate: Certificate | None
    ) -> Iterator[Content]:
        """Yield what the frames of a file become, and without end why there are no more."""
        reason = "fewer frames than the header says"
        try:
            for frame in self._frames(series, data):
                yield self._content(frame, patient, certificate)
        except Undecodable as error:
            reason = str(error)
        except (MillraceError, MemoryError):
            raise
        except Exception as error:  # whose text could repeat a value
            reason = f"the header cannot be read ({type(error).__name__})"
        while True:
            yield _withheld(certificate, reason)

    def _frames(self, series: Series[Any], data: bytes | None) -> Iterator[FileDataset]:
        """Yield the frames of a file that may be used."""
        if data is None:
            raise Undecodable("the file is too large")
        if series.refused is not None:
            raise Undecodable(series.refused)
        image = parse(data)
        reason = None if self._keeps_burned else burned_in(image)
        if reason is not None:
            raise Undecodable(reason)
        yield from split_frames(image)

    def _content(
        self, frame: FileDataset, patient: str, certificate: Certificate | None
    ) -> Content:
        from millrace.data.dicom.pixels import check_pixels

        check_pixels(frame)
        made = self._deidentify(frame, patient)
        if not self._keeps_burned and can_read_text():
            self._look_for_text(frame)
        checks = check(made.content, made.identifiers, self._profile)
        if not all(checks.values()):
            failed = next(name for name, passed in checks.items() if not passed)
            return _withheld(certificate, f"a check failed: {failed}")
        if certificate is not None:
            certificate.store(made.actions, checks.items())
        return Content(made.content, DICOM)

    def _look_for_text(self, frame: FileDataset) -> None:
        from millrace.data.dicom.pixels import measured

        if shows_text(measured(frame).pixels):
            raise Undecodable("text was found among the pixels")


def limited(tables: Iterator[pa.Table], rows: int) -> Iterator[pa.Table]:
    """Yield tables until they have a number of rows."""
    for table in tables:
        yield table.slice(0, rows)
        rows -= table.num_rows
        if rows <= 0:
            return


def _withheld(certificate: Certificate | None, reason: str) -> Content:
    if certificate is not None:
        certificate.withhold(reason)
    return refused(None, reason)
