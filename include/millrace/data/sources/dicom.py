"""`DicomReader`: slices of DICOM files, de-identified in memory before anything of them goes on.

Names of records are pseudonyms. What cannot be read, or may show text about a patient, goes on as
an unreadable record; only what went through every check has content.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from millrace.artifacts.digests import digest_value
from millrace.data.dicom.burned import can_read_text
from millrace.data.dicom.profile import Profile
from millrace.data.dicom.series import Member, Series, series_of
from millrace.data.sources.dicom_labels import Labels, labels_of
from millrace.data.sources.dicom_listing import Listed, list_scans
from millrace.data.sources.dicom_originals import Originals
from millrace.data.sources.dicom_tree import open_private_tree
from millrace.data.sources.discreet import discreet
from millrace.data.sources.listing import LARGEST_FILE, Entry
from millrace.data.sources.listing_cut import MOST_BYTES, cut_by_content
from millrace.data.sources.partition import Partition
from millrace.errors import DataError
from millrace.privacy.certificate import Certificate
from millrace.privacy.keys import load_key
from millrace.privacy.pseudonyms import Pseudonyms
from millrace.workflow.privacy import Privacy

if TYPE_CHECKING:
    import pyarrow as pa

    from millrace.data.sources.dicom_records import Records

log = logging.getLogger(__name__)

_Found = Series[Listed]


class DicomReader:
    """Reads images below ``uri``; see `millrace.workflow.dicom_sources.DicomSource`.

    Args:
        document: values of the source, and `privacy`, those of `millrace.workflow.privacy.Privacy`;
            `workflow`, its name, where originals are kept; `forgotten`, of whom none are.

    Attributes:
        certificate: what was done to the records of the partition that was read; None before.
    """

    places: ClassVar[tuple[str, ...]] = ("uri", "labels")
    deidentifies: ClassVar[bool] = True

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._name: str = document["name"]
        self._rows: int = document["partition_rows"]
        self._privacy = Privacy(**document.get("privacy") or {}).model_dump(mode="json")
        self._key = load_key()
        self._originals: Originals | None = None
        if self._privacy["originals"] == "restricted":
            workflow = str(document.get("workflow", self._name))
            self._originals = Originals(workflow, self._key, document.get("forgotten", ()))
        self.certificate: Certificate | None = None

    def partitions(self) -> list[Partition]:
        """List the partitions; headers are read where a file's are not known."""
        runs = list(self._runs(self._series))
        self._log()
        if not runs:
            raise DataError(
                "a source holds no record: there are no DICOM images in it",
                where=f"source {self._name}",
                expected="DICOM files with pixels",
                received=f"{len(self._listed):,} other files",
                remedy="Check the place, `folder`, `modalities` and `localisers`.",
            )
        return [
            Partition(
                source=self._name,
                index=index,
                start=0,
                stop=sum(series.records for series in run),
                fingerprint=self._fingerprint(run),
                member=run[0].name,
            )
            for index, run in enumerate(runs)
        ]

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield the records of `partition`, and fill `certificate`."""
        from millrace.data.sources.dicom_records import Records, limited

        rest = [s for s in self._series if s.name >= (partition.member or "")]
        run = next(self._runs(rest), [])
        if partition.rows == sum(series.records for series in run):
            partition.check_unchanged(self._fingerprint(run))
        profile = Profile(self._privacy)
        looked = can_read_text() and self._privacy["burned_in"] == "quarantine"
        pixels = "text among pixels: looked for" if looked else "text among pixels: not looked for"
        options = [*(meaning for _, meaning in profile.codes[1:]), pixels]
        self.certificate = Certificate(profile.name, options, self._key.fingerprint)
        records = Records(self._name, profile, self._privacy, Pseudonyms(self._key))
        yield from limited(self._tables(partition, run, records), partition.rows)

    def _tables(
        self, partition: Partition, run: Sequence[_Found], records: Records
    ) -> Iterator[pa.Table]:
        members = [(series, member) for series in run for member in series.members]
        entries = [member.file.entry for _, member in members]
        with discreet(f"source {self._name}"):
            contents = self._tree.contents(entries, [m.file.digest for _, m in members])
            if self._originals is not None:
                contents = self._originals.kept([m for _, m in members], contents)
            yield from records.tables(
                partition,
                (
                    (s, m.scan, d, self._label(m))
                    for (s, m), d in zip(members, contents, strict=True)
                ),
                self.certificate,
            )
            self._tree.check_settled(entries)

    @cached_property
    def _tree(self) -> Any:
        return open_private_tree(self._document)

    @cached_property
    def _listed(self) -> list[Listed]:
        with discreet(f"source {self._name}"):
            return list_scans(self._tree, self._key, str(self._document["uri"]))

    @cached_property
    def _chosen(self) -> list[Listed]:
        """The files that are read; others are left out."""
        modalities = self._document["modalities"]
        localisers = self._document["localisers"] == "keep"
        return [
            one
            for one in self._listed
            if one.scan.state == "broken"
            or (
                one.scan.state == "image"
                and (not modalities or one.scan.modality in modalities)
                and (localisers or not one.scan.localiser)
            )
        ]

    @cached_property
    def _series(self) -> list[_Found]:
        return series_of(Member(one, one.scan) for one in self._chosen)

    @cached_property
    def _labels(self) -> Labels | None:
        scans = {one.entry.name: one.scan for one in self._chosen if one.scan.state == "image"}
        return labels_of(self._document, scans, Pseudonyms(self._key))

    def _label(self, member: Member[Listed]) -> str | None:
        if self._labels is None:
            return None
        return self._labels.of(member.file.entry.name, member.scan)

    def _runs(self, series: Sequence[_Found]) -> Iterator[list[_Found]]:
        """Cut series into runs of partitions; what is cut by is a pseudonym and a size."""
        by_name = {one.name: one for one in series}
        for run in cut_by_content(map(self._size, series), self._rows):
            yield [by_name[entry.name] for entry in run]

    def _size(self, series: _Found) -> Entry:
        files = sum(m.file.entry.size for m in series.members if m.file.entry.size <= LARGEST_FILE)
        rows = -(-series.records * MOST_BYTES // self._rows)
        return Entry(series.name, "", max(files, rows), "")

    def _fingerprint(self, run: Sequence[_Found]) -> str:
        return digest_value(
            [
                [series.name, series.refused, m.scan.instance, m.file.digest, self._label(m)]
                for series in run
                for m in series.members
            ]
        )

    def _log(self) -> None:
        """Say what was found, in numbers."""
        chosen = {id(one) for one in self._chosen}
        left_out = Counter(
            "localisers" if one.scan.localiser else one.scan.modality or "other files"
            for one in self._listed
            if id(one) not in chosen
        )
        found = self._series
        log.info(
            "source %s: %d slices in %d series of %d patients; left out: %s; %d broken files; "
            "%d series refused, %d with a tilted gantry, %d of one slice; %d gaps, %d repeated",
            *(self._name, sum(s.records for s in found), len(found)),
            len({m.scan.patient for s in found for m in s.members}),
            ", ".join(f"{count} {what}" for what, count in sorted(left_out.items())) or "nothing",
            sum(m.scan.state == "broken" for s in found for m in s.members),
            *(sum(s.refused is not None for s in found), sum(s.tilt is not None for s in found)),
            sum(s.records == 1 for s in found),
            *(sum(s.gaps for s in found), sum(s.repeated for s in found)),
        )
