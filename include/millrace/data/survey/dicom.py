"""`find_dicom`: the source of a folder or archive of DICOM images.

Names of its files may be names of people: none is remembered, shown or written.
"""

from __future__ import annotations

import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath

from millrace.data.dicom.header import read_header
from millrace.data.dicom.scan import Scan
from millrace.data.dicom.undecodable import Undecodable
from millrace.data.sources.dicom_listing import list_scans
from millrace.data.sources.dicom_tree import open_private_tree
from millrace.data.sources.discreet import discreet
from millrace.data.sources.files import is_http, is_remote
from millrace.data.sources.folder_tree import is_archive
from millrace.data.sources.listing import LARGEST_FILE, Entry, FileTree
from millrace.data.sources.listing_names import is_picture
from millrace.data.survey.dicom_labels import LabelFile, find_labels
from millrace.data.survey.found import Asked, Found, source
from millrace.errors import DataError, MillraceError
from millrace.privacy.keys import load_key
from millrace.privacy.pseudonyms import Pseudonyms

REMEDY = (
    "Put a labels.csv beside the images: a column of what a row is about (file, SOPInstanceUID, "
    "SeriesInstanceUID, StudyInstanceUID or PatientID) and a column label."
)
"""How slices of DICOM files get labels."""

_NAME = "scans"  # of the source: a folder's own could be somebody's
_DIRECTORY = "DICOMDIR"
_SUFFIXES = frozenset((".dcm", ".dicom", ".dic", ".ima"))
_TABLES = (".csv", ".tsv")
_MOST = 200_000  # names that are looked at
_OPENED = 24  # files that are opened to tell what they are
_MOST_TABLES = 20
_ARCHIVES = 20  # that are looked into, of a folder
_PEEKED = 200  # entries of a .tar
_CT = "CT"
_CLASS = 0x00080016
_CLASSES = "1.2.840.10008."


def find_dicom(uri: str, path: Path | None, asked: Asked) -> Found | None:
    """Return the source; None where there are no DICOM images, or more pictures of other kinds.

    Raises:
        DataError: they are not of computed tomography, or have no labels.
        SpecError: there is no key to make pseudonyms with.
    """
    if not asked.allows("ct") or not _is_tree(uri, path):
        return None
    files = _dicom_files(uri, path)
    if files is None:
        return None
    tree, entries = files
    key = load_key()
    with discreet(uri):
        listed = list_scans(tree, key, uri)
    scans = {
        one.entry.name: one.scan
        for one in listed
        if one.scan.state == "image" and not one.scan.localiser
    }
    modalities = _modalities(scans.values(), uri)
    scans = {name: scan for name, scan in scans.items() if scan.modality == _CT}
    labels = find_labels(_tables(uri, path, entries), scans, Pseudonyms(key), asked.label)
    if labels is None:
        raise DataError(
            "there is nothing to learn from: no slice has a label",
            where=uri,
            expected="a CSV file beside the images whose rows name them",
            received=f"{len(scans):,} images of computed tomography, and no such file",
            remedy=REMEDY,
        )
    return _found(uri, path, labels, modalities)


def _dicom_files(uri: str, path: Path | None) -> tuple[FileTree, Sequence[Entry]] | None:
    """Return the files of a place that holds DICOM images; None of one that does not.

    Raises:
        DataError: they are in archives in a folder, whose names nobody gave.
    """
    if path is not None and _is_tar(path) and not _begins_with_dicom(path):
        return None
    with discreet(uri):
        tree = open_private_tree({"name": _NAME, "uri": uri, "folder": "", "sha256": None})
        entries = list(islice(tree.entries(), _MOST))
        if _are_dicom(tree, entries, _folder(path)):
            return tree, entries
    if path is not None and path.is_dir():
        inner = [e.name for e in entries if "/" not in e.name and is_archive(e.name)]
        if any(_holds_dicom(path / name) for name in inner[:_ARCHIVES]):
            raise DataError(
                "a folder of archives that hold DICOM images",
                where=uri,
                expected="one archive, or a folder of images",
                received=f"{len(inner):,} archives",
                remedy="Name the archive; or unpack them into one folder.",
            )
    return None


def _holds_dicom(archive: Path) -> bool:
    try:
        return _dicom_files(str(archive), archive) is not None
    except (MillraceError, OSError):  # who reads the archive says what it is
        return False


def _found(uri: str, path: Path | None, labels: LabelFile, modalities: Counter[str]) -> Found:
    others = sum(count for name, count in modalities.items() if name != _CT)
    notes = [f"labels are by {labels.by}, from the CSV file beside the images."]
    if others:
        notes.append(f"{others:,} images that are not of computed tomography are left out.")
    document = source(
        _NAME,
        "dicom",
        uri=uri,
        labels=labels.uri,
        labels_by=labels.by,
        key_column=labels.key,
        label_column=labels.label,
        modalities=[_CT] if others else None,
    )
    place = "a folder" if path is None or path.is_dir() or _is_directory(path) else "an archive"
    words = f"{place} of DICOM images with a file of labels"
    return Found(words, (document,), "ct", tuple(notes), named=False)


def _is_tree(uri: str, path: Path | None) -> bool:
    """Whether there are files to look at without copying them in the clear."""
    if path is None:
        return is_remote(uri) and not is_http(uri) and uri.endswith("/")
    return path.is_dir() or (path.is_file() and (is_archive(uri) or _is_directory(path)))


def _is_tar(path: Path) -> bool:
    return path.is_file() and not _is_directory(path) and not zipfile.is_zipfile(path)


def _begins_with_dicom(path: Path) -> bool:
    """Whether one of the first files of a .tar is DICOM; one that is compressed is not unpacked."""
    try:
        with tarfile.open(path, "r|*") as archive:
            for info in islice(archive, _PEEKED):
                suffix = PurePosixPath(info.name).suffix.lower()
                could = info.isreg() and (suffix in _SUFFIXES or _says_nothing(info.name))
                content = archive.extractfile(info) if could and info.size <= LARGEST_FILE else None
                if content is not None and _is_dicom(content.read()):
                    return True
    except Exception:  # a decoder may raise anything; who reads the archive says what it is
        return False
    return False


def _is_directory(path: Path) -> bool:
    return path.name.upper() == _DIRECTORY


def _folder(path: Path | None) -> Path | None:
    """Return the folder on this machine that files are in; None of an archive or a remote one."""
    if path is None or path.is_dir():
        return path
    return path.parent if _is_directory(path) else None


def _are_dicom(tree: FileTree, entries: Sequence[Entry], folder: Path | None) -> bool:
    """Whether most of the images are DICOM, by looking into some of the files that could be."""
    named = [entry for entry in entries if PurePosixPath(entry.name).suffix.lower() in _SUFFIXES]
    unnamed = [entry for entry in entries if _says_nothing(entry.name)]
    pictures = sum(is_picture(entry.name, None) for entry in entries)
    for candidates in (named, unnamed):
        if candidates and len(candidates) >= pictures and _some_are(tree, candidates, folder):
            return True
    return False


def _says_nothing(name: str) -> bool:
    """Whether a file's name has no ending, or one of digits, as those of scanners have."""
    suffix = PurePosixPath(name).suffix
    return not suffix or suffix[1:].isdecimal()


def _some_are(tree: FileTree, candidates: Sequence[Entry], folder: Path | None) -> bool:
    step = max(1, len(candidates) // _OPENED)
    chosen = [entry for entry in candidates[::step][:_OPENED] if entry.size <= LARGEST_FILE]
    if folder is not None:
        return any(_is_dicom((folder / entry.name).read_bytes()) for entry in chosen)
    versions = [entry.version for entry in chosen]
    contents = tree.contents(chosen, tree.digests(chosen, remember=False) or versions)
    return any(_is_dicom(data) for data in contents if data)


def _is_dicom(data: bytes) -> bool:
    try:
        return read_header(data, {_CLASS}).get(_CLASS, "").startswith(_CLASSES)
    except Undecodable:
        return False


def _modalities(scans: Iterable[Scan], uri: str) -> Counter[str]:
    """Return images by modality; refuse what is nothing for this kind of workflow."""
    counts = Counter(scan.modality or "others" for scan in scans)
    if counts[_CT]:
        return counts
    raise DataError(
        "there is nothing that Millrace could learn from",
        where=uri,
        expected="DICOM images of computed tomography (modality CT)",
        received=", ".join(f"{n:,} {name}" for name, n in counts.most_common()) or "no image",
        remedy="Name the folder or archive that holds CT images.",
    )


def _tables(uri: str, path: Path | None, entries: Sequence[Entry]) -> list[str]:
    """Return CSV files: those in the folder, and those beside it that are called for it."""
    base = uri.rstrip("/")
    if path is not None and path.is_file():
        if not _is_directory(path):
            return _beside(uri, path)
        base = str(PurePosixPath(uri).parent)
    names = [e.name for e in entries if "/" not in e.name and e.name.lower().endswith(_TABLES)]
    inside = [f"{base}/{name}" for name in names[:_MOST_TABLES]]
    return inside + ([] if path is None or path.is_file() else _beside(uri, path.absolute()))


def _beside(uri: str, path: Path) -> list[str]:
    """Return CSV files beside a folder or an archive that are called for it."""
    names = dict.fromkeys(("labels.csv", f"{path.name.split('.')[0]}.csv"))
    folder = PurePosixPath(uri.rstrip("/")).parent
    return [str(folder / name) for name in names if (path.parent / name).is_file()]
