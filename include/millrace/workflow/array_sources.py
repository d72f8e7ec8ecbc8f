"""What a spec says of sources that hold many pictures in one file: tables and arrays."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from millrace.workflow.base import Value
from millrace.workflow.source import Source

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""Hexadecimal digest of a file."""

Side = Annotated[int, Field(ge=1, le=65_535)]

Size = tuple[Side, Side]
"""Height and width, in pixels."""

Maximum = Annotated[float, Field(gt=0, le=4_294_967_295)]
"""The number that stands for white; pixels are 0 to it, and are stored as 0 to 255."""

Column = str | int
"""A column by its name in the header, or by its position: 0 is the first, -1 the last."""


class PixelColumns(Value):
    """The columns from `first` to `last`, both included."""

    first: Column
    last: Column


class ImageCsvSource(Source):
    """A text table with one picture a row: a label, and a column a pixel. As Kaggle has the digits.

    Attributes:
        uri: of the file, gzip-compressed or not; may hold ``${VARIABLE:-default}``.
        sha256: digest of the file at `uri`.
        label: column of the label; null where there is none.
        pixels: columns of the pixels; null means all but the label's.
        header: whether the first line names the columns; ``auto`` looks.
        delimiter: one character; ``auto`` looks for a comma, semicolon, tab, bar or space.
        size: height and width; null means a square.
        channels: 1 is grey, 3 red, green and blue.
        layout: of three channels: ``interleaved`` is a pixel's three values together, ``planar``
            all red values, then all green, then all blue ones.
        maximum: the number that stands for white. Write 1 where pixels are fractions of 1: nothing
            is guessed from the first rows, since later ones may differ.
    """

    kind: Literal["image_csv"]
    uri: str
    sha256: Sha256 | None = None
    label: Column | None = 0
    pixels: PixelColumns | None = None
    header: Literal["auto"] | bool = "auto"
    delimiter: str = Field("auto", pattern=r"(?s)^(auto|[^\w\"'.+\-\r\n])$")
    size: Size | None = Field(None, strict=False)
    channels: Literal[1, 3] = 1
    layout: Literal["interleaved", "planar"] = "interleaved"
    maximum: Maximum = 255.0


class _Arrays(Source):
    """What arrays of pictures have.

    Attributes:
        layout: ``channels_last`` is (n, height, width, channels), ``channels_first``
            (n, channels, height, width); ``auto`` looks, and refuses what could be both.
        size: height and width, where a picture is one row of numbers; null means a square.
        channels: of such rows; an array of more dimensions tells its own.
        maximum: the number that stands for white; null means the highest of the type: 1 for truth
            values, 255 for whole numbers, 65,535 for unsigned 16-bit ones, which then
            keep their high byte. Fractions must have one.
    """

    layout: Literal["auto", "channels_last", "channels_first"] = "auto"
    size: Size | None = Field(None, strict=False)
    channels: Literal[1, 3] = 1
    maximum: Maximum | None = None


class NpySource(_Arrays):
    """Pictures in an .npy file. Pickled objects are never read.

    Attributes:
        images: URI of the pictures: (n, height, width), (n, height, width, channels),
            (n, channels, height, width), or (n, pixels).
        labels: URI of the labels, (n) numbers or texts; null where there are none.
        sha256: digest of a file, by the field that names the file.
    """

    kind: Literal["npy"]
    images: str
    labels: str | None = None
    sha256: dict[Literal["images", "labels"], Sha256] = {}


class NpzSource(_Arrays):
    """Pictures in an .npz archive. Pickled objects are never read.

    Attributes:
        uri: of the archive. sha256: its digest.
        images: name of the member with the pictures; ``auto`` looks for a usual one, such as
            images, x, x_train, train_images, and refuses where several would do.
        labels: name of the member with the labels; ``auto`` looks for the one beside the pictures;
            null reads none.
    """

    kind: Literal["npz"]
    uri: str
    sha256: Sha256 | None = None
    images: str = "auto"
    labels: str | None = "auto"


class Hdf5Source(_Arrays):
    """Pictures in an HDF5 file.

    Attributes:
        uri: of the file. sha256: its digest.
        images: path of the dataset of pictures, such as ``train/images``.
        labels: path of the dataset of labels; null where there are none.
    """

    kind: Literal["hdf5"]
    uri: str
    sha256: Sha256 | None = None
    images: str = "images"
    labels: str | None = "labels"


class ParquetSource(Source):
    """Pictures, texts, or records of a table in Parquet files, a row each.

    Attributes:
        uri: of a file; or a local folder or pattern, whose files are read in order of their names.
        sha256: digest of the file at `uri`.
        image: column of picture files (binary, or a struct with a field `bytes`, as Hugging Face
            writes them) or of lists of pixels; null means ``image``, unless `text` or `rows` says
            that the rows are no pictures.
        text: column of texts.
        rows: whether each row is a record of a table, with all columns but the label's and the
            group's; those of structs by their dotted names.
        label: column of the label; null where there is none. Numbers become the class names that
            the file's Hugging Face metadata gives them.
        group: column whose equal values (a patient, a sender) stay on one side of the split.
        size, channels, maximum: of lists of pixels, as in `NpySource`.
    """

    kind: Literal["parquet"]
    uri: str
    sha256: Sha256 | None = None
    image: str | None = None
    text: str | None = None
    rows: bool = False
    label: str | None = "label"
    group: str | None = None
    size: Size | None = Field(None, strict=False)
    channels: Literal[1, 3] = 1
    maximum: Maximum | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if (self.image is not None) + (self.text is not None) + self.rows > 1:
            raise ValueError("one of image, text and rows: a row is a picture, a text or a record")
        pictures = self.text is None and not self.rows
        if not pictures and (self.size or self.maximum or self.channels != 1):
            raise ValueError("size, channels and maximum are of pictures; leave them out")
        columns = [c for c in (self.image, self.text, self.label, self.group) if c is not None]
        if len(set(columns)) < len(columns):
            raise ValueError("image, text, label and group must be different columns")
        return self
