"""What a spec says of its sources. How they are read lives in `millrace.data.sources`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from millrace.workflow.array_sources import (
    Hdf5Source,
    ImageCsvSource,
    NpySource,
    NpzSource,
    ParquetSource,
)
from millrace.workflow.base import CUSTOM, IMPLEMENTATION, tag_by_kind
from millrace.workflow.dicom_sources import DicomSource
from millrace.workflow.folder_sources import ImageFolderSource
from millrace.workflow.source import Source
from millrace.workflow.text_sources import (
    DelimitedSource,
    EmailSource,
    JsonLinesSource,
    SampleSource,
    SqlSource,
    TextFolderSource,
)


class SklearnSource(Source):
    """A data set that ships inside scikit-learn: real data without a download.

    Attributes:
        dataset: ``digits`` are pictures; the others are records of tables, with two classes
            (``breast_cancer``), three (``wine``), or a number to predict (``diabetes``).
    """

    kind: Literal["sklearn"]
    dataset: Literal["digits", "breast_cancer", "wine", "diabetes"] = "digits"


class IdxSource(Source):
    """The IDX format of the MNIST family, gzip-compressed or not.

    Attributes:
        images: URI of the image file (magic 2051); may hold ``${VARIABLE:-default}``.
        labels: URI of the label file (magic 2049); null where the images have no labels.
        sha256: hexadecimal digest of a file, by the field that names the file.
    """

    kind: Literal["idx"]
    images: str
    labels: str | None = None
    sha256: dict[Literal["images", "labels"], Annotated[str, Field(pattern="^[0-9a-f]{64}$")]] = {}


class CifarSource(Source):
    """The binary versions of CIFAR-10 and CIFAR-100, as .bin files or inside a .tar.gz.

    Attributes:
        uri: URI of the archive or of one .bin file.
        members: file names (shell patterns) to read from the archive; their order is kept.
        labels: ``fine`` (100 classes) or ``coarse`` (20) of CIFAR-100; null takes an archive with
            ``fine_label_names.txt`` for CIFAR-100, fine, and anything else for CIFAR-10.
        sha256: hexadecimal digest of the file at `uri`.
        class_names: member with the class names, in label order (shell pattern); ``auto`` is the
            data set's own; null keeps label numbers.
    """

    kind: Literal["cifar"]
    uri: str
    members: tuple[str, ...] = Field(("*data_batch_*.bin", "*train.bin"), strict=False)
    labels: Literal["fine", "coarse"] | None = None
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$")
    class_names: str | None = "auto"


class CustomSource(Source):
    """A user's own source, ``kind: package.module:name``; `options` go to it as they are."""

    kind: str = Field(pattern=IMPLEMENTATION)
    options: dict[str, Any] = {}


def unique_names(sources: Sequence[Source]) -> None:
    """Raise `ValueError` where two sources have one name."""
    names = [source.name for source in sources]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"source names must be unique; used more than once: {twice}")


AnySource = Annotated[
    Annotated[SklearnSource, Tag("sklearn")]
    | Annotated[IdxSource, Tag("idx")]
    | Annotated[CifarSource, Tag("cifar")]
    | Annotated[ImageFolderSource, Tag("image_folder")]
    | Annotated[DicomSource, Tag("dicom")]
    | Annotated[ImageCsvSource, Tag("image_csv")]
    | Annotated[NpySource, Tag("npy")]
    | Annotated[NpzSource, Tag("npz")]
    | Annotated[Hdf5Source, Tag("hdf5")]
    | Annotated[ParquetSource, Tag("parquet")]
    | Annotated[DelimitedSource, Tag("delimited")]
    | Annotated[JsonLinesSource, Tag("jsonl")]
    | Annotated[TextFolderSource, Tag("text_folder")]
    | Annotated[EmailSource, Tag("email")]
    | Annotated[SqlSource, Tag("sql")]
    | Annotated[SampleSource, Tag("sample")]
    | Annotated[CustomSource, Tag(CUSTOM)],
    Discriminator(tag_by_kind),
]
"""One of the sources; `kind` tells which."""
