"""`PixelEncoder`: canonical pictures as they are. Learns nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from millrace.artifacts.tables import Images, column_to_images, image_shape, read_schema
from millrace.errors import DataError


class PixelEncoder:
    """See `millrace.learning.modality.Encoder`.

    Args:
        shape: of a picture, ``(height, width, channels)``.
    """

    columns: ClassVar[Sequence[str]] = ("image",)
    name = "image"
    dtype = "uint8"

    def __init__(self, shape: Sequence[int]) -> None:
        height, width, channels = (int(side) for side in shape)
        self.shape: tuple[int, ...] = (height, width, channels)

    @classmethod
    def of(cls, table: Path) -> PixelEncoder:
        """Return the encoder of a table's pictures."""
        return cls(image_shape(read_schema(table)))

    def check(self, schema: pa.Schema) -> None:
        """Raise `DataError` where records of `schema` have no pictures, or of another shape."""
        shape = _shape(schema)
        if shape != self.shape:
            raise DataError(
                "records do not fit the model",
                expected=f"pictures (height, width, channels) of {self.shape}",
                received=shape,
                remedy="Transform the records as the model's training set was transformed.",
            )

    def __call__(self, records: pa.Table) -> Images:
        """Return pictures ``(rows, height, width, channels)`` uint8."""
        self.check(records.schema)
        height, width, channels = self.shape
        return column_to_images(records["image"], (height, width, channels))

    def to_document(self) -> dict[str, Any]:
        """Return name, shape and type."""
        return {"name": self.name, "shape": list(self.shape), "dtype": self.dtype}


def pixel_encoder(document: Mapping[str, Any]) -> PixelEncoder:
    """Return the encoder of a document, or of the form of canonical records."""
    return PixelEncoder(document["shape"])


def _shape(schema: pa.Schema) -> tuple[int, int, int]:
    try:
        return image_shape(schema)
    except (KeyError, ValueError, TypeError) as error:
        raise DataError(
            "not a table of canonical pictures",
            expected="a column `image` with its shape",
            received=error,
        ) from error
