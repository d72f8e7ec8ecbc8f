"""What a spec says of sources of DICOM files."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from millrace.workflow.folder_sources import Column, Folder
from millrace.workflow.source import Source

Modality = Annotated[str, Field(pattern=r"^[A-Z]{2,16}$")]
"""A defined term of the attribute Modality, such as ``CT``."""


class DicomSource(Source):
    """DICOM images, whose records are slices and are de-identified before anything is stored.

    Every image is told by its content, whatever its name; a DICOMDIR, reports and what is not DICOM
    are left out and counted in the log. A partition is one series, or several small ones;
    a series is never cut. Needs the key of pseudonyms (``MILLRACE_PRIVACY_KEY``); how records are
    de-identified is said by the workflow's `privacy`.

    Attributes:
        uri: a folder, a DICOMDIR, a .zip or .tar archive (plain, .gz, .bz2 or .xz), or a remote
            folder such as ``s3://bucket/scans/``; may hold ``${VARIABLE:-default}``.
        folder: path below `uri`, or within the archive.
        labels: URI of a CSV file; null has no labels.
        labels_by: what the rows of `labels` name: ``file`` (a path, or a file's name with or
            without its extension), the ``instance``, ``series`` or ``study`` (by their UIDs), or
            the ``patient`` (by the id).
        key_column: column of those names; null takes the only one besides the label's whose
            values name something.
        label_column: column of labels; null takes the one named like it, or the only other one.
        missing_labels: ``ignore`` logs how many rows of `labels` name nothing that exists;
            ``refuse`` fails.
        modalities: the kinds of images to read; all where it is empty. Others are left out.
        localisers: ``leave_out`` leaves out overview images (scouts); ``keep`` reads them.
        sha256: hexadecimal digest of the archive at `uri`.
    """

    kind: Literal["dicom"]
    uri: str
    folder: Folder = ""
    labels: str | None = None
    labels_by: Literal["file", "instance", "series", "study", "patient"] = "file"
    key_column: Column | None = None
    label_column: Column | None = None
    missing_labels: Literal["ignore", "refuse"] = "ignore"
    modalities: tuple[Modality, ...] = Field((), strict=False)
    localisers: Literal["leave_out", "keep"] = "leave_out"
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$")
