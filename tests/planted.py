"""Inputs in which people are planted, the workflows over them, and where no trace of them may be.

`remains` looks into bytes as they are and into what they pack: zip, gzip, zstd, Parquet, SQLite,
base64, hexadecimal digits and PNG, in any case, as UTF-8, Latin-1 and UTF-16.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageDraw

from dicom_files import PLANTED, SERIES, STUDY, dataset, written

KEY = "5a" * 32
PEOPLE = (
    *("Wunderlichova", "Kunigunde", "Brombeersteig", "Fliederhagen", "kuni.w@brombeer.example"),
    *("4929123456789014", "DE89370400440532013000", "0171-5550199", "Dateinamsky", "Spaltenbert"),
    *("Etikettowski", "Truncatowna", "Absenderich", "10.77.88.99", "078-05-1120"),
)
"""Words that mails, tables and names of files hold, and nothing else in the world."""

SCANS = """\
version: 1
name: scans
task: ct_classification
labels: [plain, spot]
sources:
  - name: heads
    kind: dicom
    uri: FOLDER/scans
    labels: FOLDER/labels.csv
    key_column: file
    label_column: finding
transform: {size: [16, 16], channels: [{name: brain, kind: window, centre: 40, width: 2000}]}
split: {validation: 0.25, test: 0.25}
clean: {budget: {default: 1.0}}
model: {kind: mlp, hidden: [4]}
train: {epochs: 1, batch_size: 16}
baseline: {kind: logistic}
gate: {beat_baseline: false, accuracy: 0.0}
predict: {table: scans_predictions}
privacy: {originals: restricted}
"""

MAIL = """\
version: 1
name: mail
task: text_classification
sources:
  - {name: post, kind: email, uri: FOLDER/mail, group: sender}
  - {name: notes, kind: delimited, uri: FOLDER/notes.csv, text: note, label: kind, group: who}
split: {validation: 0.25, test: 0.25}
clean: {near_duplicates: keep, budget: {default: 1.0}}
model: {kind: text_mlp, embedding: 4, pairs: 0, hidden: []}
train: {epochs: 1, batch_size: 16}
gate: {beat_baseline: false, accuracy: 0.0}
predict: {table: mail_predictions}
privacy: {input: identified, recognised: pseudonyms}
"""

_MESSAGE = """\
From: "Kunigunde Wunderlichova" <{sender}>
To: Absenderich <absenderich{number}@x.example>
Subject: {subject} for Wunderlichova
X-Originating-IP: 10.77.88.99
Content-Type: text/plain; charset=utf-8

Dear Kunigunde, this is message {number} about {subject}.
Call 0171-5550199 or write to kuni.w@brombeer.example from 10.77.88.99.
My card is 4929 1234 5678 9014, my account DE89 3704 0044 0532 0130 00, my SSN 078-05-1120.
I live at Brombeersteig 7, 12345 Fliederhagen
kunigunde said so.

Best regards,
Kunigunde Wunderlichova
"""


def plant(folder: Path) -> dict[str, str]:
    """Write the inputs; return the workflows by name."""
    _scans(folder / "scans", folder / "labels.csv")
    _mail(folder / "mail")
    _notes(folder / "notes.csv")
    texts = {"scans": SCANS, "mail": MAIL}
    return {name: text.replace("FOLDER", str(folder)) for name, text in texts.items()}


def burned() -> Any:
    """Return pixels (16, 16) int16 in which a name is drawn."""
    picture = Image.new("L", (16, 16))
    ImageDraw.Draw(picture).text((0, 2), "Zw", fill=255)
    noise = np.random.default_rng(77).integers(0, 900, (16, 16))
    return (noise + np.asarray(picture, np.int64) * 4).astype("<i2")


def _scans(folder: Path, labels: Path) -> None:
    folder.mkdir(parents=True)
    rows = ["file,patient name,finding"]
    for patient in range(32):
        for number in (1,):
            name = f"Zweifelstein_Dateinamsky_{patient:02d}_{number}.dcm"
            noise = np.random.default_rng(patient * 10 + number).integers(700, 1400, (16, 16))
            pixels = (noise + 300 * (patient % 2)).astype("<i2")
            (folder / name).write_bytes(written(dataset(number, **_of(patient, number, pixels))))
            rows.append(f"{name},Etikettowski,{('plain', 'spot')[patient % 2]}")
    shown = dataset(1, **_of(90, 1, burned()), BurnedInAnnotation="YES")
    (folder / "Zweifelstein_burned.dcm").write_bytes(written(shown))
    cut = written(dataset(1, **_of(91, 1, burned() * 0)))
    (folder / "Truncatowna.dcm").write_bytes(cut[: len(cut) - 200])
    (folder / "Truncatowna_head.dcm").write_bytes(cut[:500])
    labels.write_text("\n".join(rows))


def _of(patient: int, number: int, pixels: Any) -> dict[str, Any]:
    return {
        "PatientID": f"PID-4711-XY-{patient}",
        "StudyInstanceUID": f"{STUDY}.{patient}",
        "SeriesInstanceUID": f"{SERIES}.{patient}",
        "SOPInstanceUID": f"{SERIES}.{patient}.{number}",
        "PixelData": pixels.tobytes(),
    }


def _mail(folder: Path) -> None:
    for number in range(24):
        subject = ("meeting", "offer")[number % 2]
        path = folder / ("work", "spam")[number % 2] / f"Dateinamsky_{number}.eml"
        path.parent.mkdir(parents=True, exist_ok=True)
        sender = f"kuni.w{number}@brombeer.example" if number else "kuni.w@brombeer.example"
        text = _MESSAGE.format(sender=sender, subject=subject, number=number)
        path.write_text(text + f"\n{subject} " * (number + 1))
    (folder / "work" / "Truncatowna.eml").write_bytes(b"From: Truncatowna\n" + b"Content-Type: x")


def _notes(path: Path) -> None:
    rows = [
        f'"note {number}: Frau Spaltenbert, Brombeersteig 7, {kind} {"x" * number}",'
        f"{kind},Spaltenbert {number},Kunigunde"
        for number in range(12)
        for kind in ("work", "spam")
    ]
    path.write_text("\n".join(["note,kind,who,name", *rows, "Truncatowna,work"]))


def remains(places: Iterable[Path], apart: Iterable[Path]) -> dict[str, list[str]]:
    """Return what of the planted is below some folders, by path; `apart` is not looked into."""
    left_out = tuple(apart)
    found: dict[str, list[str]] = {}
    for place in places:
        for path in place.rglob("*"):
            if any(path.is_relative_to(one) for one in left_out):
                continue
            seen = traces(str(path.relative_to(place)).encode())
            if path.is_file() and not path.is_symlink():
                seen |= traces(path.read_bytes())
            if seen:
                found[str(path)] = sorted(seen)
    return found


def traces(data: bytes) -> set[str]:
    """Return what of the planted bytes hold, packed or not."""
    seen: set[str] = set()
    for layer in _layers(data, 0):
        lower = layer.lower()
        seen.update(name for name, forms in _FORMS.items() if any(f in lower for f in forms))
    return seen


def _forms(word: str) -> frozenset[bytes]:
    codes = ("utf-8", "latin-1", "utf-16-le", "utf-16-be")
    cases = (word, word.lower(), word.upper())
    return frozenset(one.encode(code, "replace").lower() for one in cases for code in codes)


def _pixels() -> frozenset[bytes]:
    """Return rows of the picture with a name, as they are stored and in Hounsfield units."""
    rows = [row for row in burned() if row.max() > 1000]
    return frozenset(form.tobytes().lower() for row in rows for form in (row, row - 1024))


_FORMS = {word: _forms(word) for word in (*PLANTED, *PEOPLE)} | {"pixels": _pixels()}
_BASE64 = re.compile(rb"[A-Za-z0-9+/_\-\r\n]{24,}={0,2}")
_HEXADECIMAL = re.compile(rb"(?:[0-9A-Fa-f]{2}){12,}")
_DEEPEST = 6


def _layers(data: bytes, depth: int) -> Iterator[bytes]:
    """Yield bytes, and what is packed in them, however often."""
    yield data
    if depth < _DEEPEST and len(data) > 8:
        for inner in _inside(data):
            yield from _layers(inner, depth + 1)


def _inside(data: bytes) -> Iterator[bytes]:
    if data.startswith(b"PAR1"):
        yield from _parquet(data)
    elif data.startswith(b"SQLite format 3\0"):
        yield from _sqlite(data)
    elif data.startswith(b"\x89PNG"):
        with Image.open(io.BytesIO(data)) as picture:
            yield np.asarray(picture).tobytes()
    else:
        yield from _unpacked(data)
        yield from _decoded(data)


def _unpacked(data: bytes) -> Iterator[bytes]:
    at = data.find(b"PK\x03\x04")
    if at >= 0 and b"PK\x05\x06" in data:
        with suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield archive.read(name)
    for magic, codec in ((b"\x28\xb5\x2f\xfd", "zstd"), (b"\x1f\x8b\x08", "gzip")):
        if data.startswith(magic):
            with suppress(OSError), pa.CompressedInputStream(pa.BufferReader(data), codec) as one:
                yield one.read()
    if data[:2] in (b"\x78\x9c", b"\x78\xda", b"\x78\x01"):
        with suppress(zlib.error):
            yield zlib.decompress(data)


def _decoded(data: bytes) -> Iterator[bytes]:
    for match in _HEXADECIMAL.finditer(data):
        yield binascii.unhexlify(match[0])
    for match in _BASE64.finditer(data):
        text = re.sub(rb"[\r\n=]", b"", match[0]).replace(b"-", b"+").replace(b"_", b"/")
        for start in range(4 if len(text) < 400 else 1):  # a short one may stand within a word
            part = text[start:]
            part = part[: len(part) // 4 * 4]
            if len(part) >= 16:
                yield base64.b64decode(part)


def _parquet(data: bytes) -> Iterator[bytes]:
    file = pq.ParquetFile(io.BytesIO(data))
    yield str(file.metadata.metadata).encode()
    for row in file.read().to_pylist():
        yield from _cells(row)


def _cells(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, str):
        yield value.encode()
    elif isinstance(value, dict):
        for one in value.values():
            yield from _cells(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _cells(one)


def _sqlite(data: bytes) -> Iterator[bytes]:
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(
            data[:18] + b"\1\1" + data[20:]
        )  # one in memory has no log beside it
        tables = connection.execute("select name from sqlite_master where type = 'table'")
        for (name,) in tables.fetchall():
            for row in connection.execute(f'select * from "{name}"'):
                yield from _cells(row)
    except sqlite3.DatabaseError:
        pass
    finally:
        connection.close()


def packed(word: str) -> list[bytes]:
    """Return a word packed in the ways that are looked into: for a test of the search."""
    text = f"something {word.upper()} else and more of it".encode()
    table = io.BytesIO()
    pq.write_table(pa.table({"x": [text]}), table, compression="zstd")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a/b", gzip.compress(text))
    database = sqlite3.connect(":memory:")
    database.execute("create table t (x blob)")
    database.execute("insert into t values (?)", (zlib.compress(text),))
    database.commit()
    zstd = pa.compress(text, "zstd", asbytes=True)
    return [
        text,
        text.decode().encode("utf-16-le"),
        b'{"x": "' + base64.b64encode(text) + b'"}',
        base64.b64encode(zstd),
        text.hex().encode(),
        table.getvalue(),
        archive.getvalue(),
        database.serialize(),
    ]
