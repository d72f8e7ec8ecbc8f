"""`picture_facts`: what is known of pictures without what they show. Decodes none again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.artifacts.tables import Images
from millrace.data.content_facts import FACTS, NUMBERS
from millrace.data.encoding import DICOM, FILE
from millrace.data.picture_file import open_picture
from millrace.data.pictures.seen import Seen, Sight

_FIELDS = 16  # of a header, at most
_LONGEST = 40  # characters of a field
_DICOM_FIELDS = (
    *("Manufacturer", "ManufacturerModelName", "KVP", "ConvolutionKernel", "SliceThickness"),
    *("PatientPosition", "PhotometricInterpretation", "BitsStored"),
)
_KNOWN = 8  # values of a tuple, as of a quantisation, that are told

Facts = dict[str, Any]


def picture_facts(raw: pa.Table, sight: Sight) -> pa.Table:
    """Return the facts of a RAW table's pictures, see `FACTS`.

    Args:
        raw: the table. sight: what was seen of it.
    """
    rows: list[Facts] = [{} for _ in range(raw.num_rows)]
    for group in sight.groups:
        height, width = group.size
        borders = _borders(group)
        for row, border in zip(group.rows.tolist(), borders.tolist(), strict=True):
            rows[row] |= {"height": height, "width": width, "border_grey": border}
            rows[row]["channels"] = group.encoding.channels
    for row, (content, encoding) in enumerate(zip(raw["content"], raw["encoding"], strict=True)):
        name = encoding.as_py()
        if rows[row] and name in (FILE, DICOM):
            rows[row] |= _of_file(content.as_py(), name, rows[row])
    columns: dict[str, Any] = {"record_id": raw["record_id"]}
    for name in (*NUMBERS, "format", "header"):
        columns[name] = pa.array([row.get(name) for row in rows], FACTS.field(name).type)
    return pa.table(columns).cast(FACTS)


def _borders(group: Seen) -> npt.NDArray[np.float64]:
    """Return the mean grey of each picture's outermost pixels, (rows,), to a thousandth."""
    white = 255 / group.encoding.maximum
    if isinstance(group.images, np.ndarray):
        return np.round(_border(group.images) * white, 3)
    found = [float(_border(image[np.newaxis])[0]) for image in group.images]
    return np.round(np.array(found) * white, 3)


def _border(images: Images) -> npt.NDArray[np.float64]:
    sides = (images[:, 0], images[:, -1], images[:, 1:-1, 0], images[:, 1:-1, -1])
    flat = [side.reshape(len(images), -1) for side in sides]
    mean: npt.NDArray[np.float64] = np.concatenate(flat, axis=1).mean(axis=1, dtype=np.float64)
    return mean


def _of_file(data: bytes, encoding: str, known: Mapping[str, Any]) -> Facts:
    pixels = known["height"] * known["width"]
    sizes = {"file_bytes": len(data), "bytes_per_pixel": round(len(data) / pixels, 6)}
    return sizes | (_dicom(data) if encoding == DICOM else _picture(data))


def _picture(data: bytes) -> Facts:
    try:
        image = open_picture(data)
    except ValueError:  # a corrected record, or one whose cleaning knew better
        return {}
    header = [_told(str(name), value) for name, value in image.info.items()][:_FIELDS]
    mode = f"{image.format} {image.mode}"
    return {"channels": len(image.getbands()), "format": mode, "header": header}


def _told(name: str, value: object) -> str:
    """Return a field as ``name=value``; of texts and bytes, which may hold anything, that it is."""
    numbers = value if isinstance(value, tuple) else (value,)
    if any(not isinstance(number, int | float) for number in numbers):
        return f"{name[:_LONGEST]}=yes"
    return f"{name}={','.join(f'{float(n):.4g}' for n in numbers[:_KNOWN])}"[:_LONGEST]


def _dicom(data: bytes) -> Facts:
    from millrace.data.dicom.parse import parse

    found = parse(data, ("SOPClassUID", *_DICOM_FIELDS))
    syntax = getattr(getattr(found, "file_meta", None), "TransferSyntaxUID", None)
    named = {name: found.get(name) for name in _DICOM_FIELDS}
    header = [f"{name}={_short(value)}" for name, value in named.items() if value not in (None, "")]
    return {"format": f"DICOM {syntax or 'unknown'}", "header": header}


def _short(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return ",".join(str(one) for one in value)[:_LONGEST]
    return str(value)[:_LONGEST]
