"""Small valid sources of every kind, for `fuzzing` to damage."""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import json
import quopri
import sqlite3
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

import array_sources as made
from millrace.workflow.contents import Cleaning
from millrace.workflow.folder_sources import ImageFolderSource
from millrace.workflow.images import ImageCleaning
from millrace.workflow.sources import CifarSource, IdxSource
from millrace.workflow.tables import TableCleaning, TableTransform
from millrace.workflow.text_sources import (
    DelimitedSource,
    EmailSource,
    JsonLinesSource,
    SqlSource,
    TextFolderSource,
)
from millrace.workflow.texts import TextCleaning

ROWS, SIDE = 24, 8

Maker = Callable[[Path], dict[str, Any]]


def pictures(*shape: int) -> Any:
    return np.random.default_rng(7).integers(0, 256, (ROWS, *(shape or (SIDE, SIDE))), np.uint8)


LABELS = np.arange(ROWS) % 3


def encoded(suffix: str, image: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, suffix.upper())
    return buffer.getvalue()


def tree(suffix: str) -> dict[str, bytes]:
    colours = pictures(SIDE, SIDE, 3) if suffix in ("jpeg", "webp", "tiff") else pictures()
    return {
        f"{label}/{n}.{suffix}": encoded(suffix, image)
        for n, (label, image) in enumerate(zip(LABELS, colours, strict=True))
    }


def folder(suffix: str) -> Maker:
    def make(root: Path) -> dict[str, Any]:
        for name, data in tree(suffix).items():
            (root / "in" / name).parent.mkdir(parents=True, exist_ok=True)
            (root / "in" / name).write_bytes(data)
        return made.document(ImageFolderSource, kind="image_folder", uri=str(root / "in"))

    return make


def zipped(root: Path) -> dict[str, Any]:
    (root / "in").mkdir()
    with zipfile.ZipFile(root / "in" / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in tree("png").items():
            archive.writestr(name, data)
    return made.document(ImageFolderSource, kind="image_folder", uri=str(root / "in" / "a.zip"))


def tarred(members: dict[str, bytes], path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


def tar(suffix: str) -> Maker:
    def make(root: Path) -> dict[str, Any]:
        path = root / "in" / f"a{suffix}"
        tarred(tree("jpeg"), path)
        return made.document(ImageFolderSource, kind="image_folder", uri=str(path))

    return make


def table(root: Path, compress: bool = False) -> dict[str, Any]:
    (root / "in").mkdir()
    text = made.csv_text(pictures(), LABELS).encode()
    return made.image_csv(root / "in", gzip.compress(text) if compress else text)


def arrays(root: Path) -> dict[str, Any]:
    (root / "in").mkdir()
    return made.npy(root / "in", pictures(), LABELS)


def zipped_arrays(root: Path) -> dict[str, Any]:
    (root / "in").mkdir()
    return made.npz(root / "in", {"x": pictures() / 255.0, "y": LABELS.astype("U3")}, maximum=1)


def hdf5(root: Path) -> dict[str, Any]:
    (root / "in").mkdir()
    options = {"chunks": (5, SIDE, SIDE), "compression": "gzip", "shuffle": True}
    datasets = {"images": pictures(), "labels": LABELS}
    return made.hdf5(root / "in", datasets, options=options)


def parquet_files(root: Path) -> dict[str, Any]:
    rows = [{"bytes": data, "path": None} for data in tree("png").values()]
    columns = pa.table({"image": rows, "label": LABELS})
    return made.parquet(root / "in", columns, row_group_size=5)


def parquet_lists(root: Path) -> dict[str, Any]:
    return made.parquet(root / "in", made.pixel_lists(pictures(), LABELS.astype(str).tolist()))


def idx(root: Path, compress: bool = False) -> dict[str, Any]:
    (root / "in").mkdir()
    places = {}
    for name, array in (("images", pictures()), ("labels", LABELS.astype(np.uint8))):
        header = struct.pack(f">I{array.ndim}I", 2048 + array.ndim, *array.shape)
        data = header + array.tobytes()
        places[name] = str(root / "in" / name)
        Path(places[name]).write_bytes(gzip.compress(data) if compress else data)
    return made.document(IdxSource, kind="idx", **places)


def cifar(root: Path, packed: bool = False) -> dict[str, Any]:
    (root / "in").mkdir()
    images = pictures(3, 32, 32).reshape(ROWS, -1)
    data = np.hstack([LABELS[:, None].astype(np.uint8), images]).tobytes()
    path = root / "in" / ("c.tar.gz" if packed else "c.bin")
    if packed:
        tarred({"c/data_batch_1.bin": data, "c/batches.meta.txt": b"a\nb\nc\n"}, path)
    else:
        path.write_bytes(data)
    return made.document(CifarSource, kind="cifar", uri=str(path))


PICTURES: dict[str, Maker] = {
    **{name: folder(name) for name in ("png", "jpeg", "tiff", "webp", "gif", "bmp")},
    "zip": zipped,
    "tar": tar(".tar"),
    "tar.gz": tar(".tar.gz"),
    "csv": table,
    "csv.gz": lambda root: table(root, compress=True),
    "npy": arrays,
    "npz": zipped_arrays,
    "hdf5": hdf5,
    "parquet": parquet_files,
    "parquet lists": parquet_lists,
    "idx": idx,
    "idx.gz": lambda root: idx(root, compress=True),
    "cifar": cifar,
    "cifar.tar.gz": lambda root: cifar(root, packed=True),
}

SENTENCES = [f"Grüße {n}: call 0800-{n:04} or see https://example.org/{n} 😀" for n in range(ROWS)]
MAIL = """From: a@example.org
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= {n}
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="b"

--b
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

{text}
--b
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: base64

{html}
--b--
"""
CELLS = [(n, n / 7, "abc"[n % 3], n % 2) for n in range(ROWS)]


def written(root: Path, name: str, data: bytes) -> str:
    (root / "in").mkdir(exist_ok=True)
    (root / "in" / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return str(root / "in" / name)


def messages() -> dict[str, bytes]:
    html = [base64.encodebytes(f"<p>{text}</p>".encode()).decode() for text in SENTENCES]
    quoted = [quopri.encodestring(text.encode("latin-1", "replace")) for text in SENTENCES]
    return {
        f"{LABELS[n]}/{n}": MAIL.format(n=n, text=quoted[n].decode(), html=html[n]).encode()
        for n in range(ROWS)
    }


def lines(name: str, encoding: str = "utf-8") -> Maker:
    def make(root: Path) -> dict[str, Any]:
        rows = [f"{label}\t{text}\n" for label, text in zip(LABELS, SENTENCES, strict=True)]
        uri = written(root, name, "".join(rows).encode(encoding, "replace"))
        places = {"label": 0, "text": 1, "header": False, "delimiter": "\t", "quoting": False}
        return made.document(DelimitedSource, kind="delimited", uri=uri, **places)

    return make


def json_lines(root: Path) -> dict[str, Any]:
    pairs = zip(LABELS.tolist(), SENTENCES, strict=True)
    rows = [json.dumps({"y": label, "a": {"x": text}}) + "\n" for label, text in pairs]
    uri = written(root, "a.jsonl", "".join(rows).encode())
    return made.document(JsonLinesSource, kind="jsonl", uri=uri, text="a.x", label="y")


def texts(root: Path) -> dict[str, Any]:
    for number, (label, text) in enumerate(zip(LABELS, SENTENCES, strict=True)):
        (root / "in" / str(label)).mkdir(parents=True, exist_ok=True)
        (root / "in" / str(label) / f"{number}.txt").write_text(text)
    return made.document(TextFolderSource, kind="text_folder", uri=str(root / "in"))


def mails(root: Path) -> dict[str, Any]:
    for name, data in messages().items():
        (root / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "in" / name).write_bytes(data)
    return made.document(EmailSource, kind="email", uri=str(root / "in"))


def packed_mails(root: Path) -> dict[str, Any]:
    tarred(messages(), root / "in" / "a.tar.gz")
    return made.document(EmailSource, kind="email", uri=str(root / "in" / "a.tar.gz"))


def mbox(root: Path) -> dict[str, Any]:
    first = b"From a@example.org Thu Jan  1 00:00:00 2026\n"
    box = b"".join(first + data + b"\n" for data in messages().values())
    uri = written(root, "a.mbox", box)
    return made.document(EmailSource, kind="email", uri=uri, labels=None)


def parquet_texts(root: Path) -> dict[str, Any]:
    columns = pa.table({"text": SENTENCES, "label": LABELS.astype(str)})
    return made.parquet(root / "in", columns, row_group_size=5, text="text")


TEXTS: dict[str, Maker] = {
    "tsv": lines("a.tsv"),
    "tsv.gz": lines("a.tsv.gz"),
    "latin-1": lines("a.txt", "latin-1"),
    "jsonl": json_lines,
    "texts": texts,
    "mails": mails,
    "mails.tar.gz": packed_mails,
    "mbox": mbox,
    "parquet texts": parquet_texts,
}


def delimited_rows(root: Path) -> dict[str, Any]:
    rows = [f"{n},{share},{letter},{label}\n" for n, share, letter, label in CELLS]
    uri = written(root, "a.csv", ("n,share,letter,y\n" + "".join(rows)).encode())
    return made.document(DelimitedSource, kind="delimited", uri=uri, label="y")


def parquet_rows(root: Path) -> dict[str, Any]:
    names = ("n", "share", "letter", "y")
    columns = dict(zip(names, zip(*CELLS, strict=True), strict=True))
    table = pa.table({name: list(values) for name, values in columns.items()})
    return made.parquet(root / "in", table, row_group_size=5, label="y", rows=True)


def database(root: Path) -> dict[str, Any]:
    (root / "in").mkdir()
    path = root / "in" / "a.db"
    cells = [(number, *cell) for number, cell in enumerate(CELLS)]
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        columns = "id integer, n integer, share real, letter text, y integer"
        connection.execute(f"create table t ({columns})")
        connection.executemany("insert into t values (?, ?, ?, ?, ?)", cells)
    more = {"uri": f"sqlite:///{path}", "query": "select * from t", "key": "id", "label": "y"}
    return made.document(SqlSource, kind="sql", **more)


TABLES: dict[str, Maker] = {
    "csv rows": delimited_rows,
    "parquet rows": parquet_rows,
    "sqlite": database,
}

KINDS: dict[str, Maker] = {**PICTURES, **TEXTS, **TABLES}

COLUMNS = {
    "n": {"kind": "numeric", "low": 0},
    "share": {"kind": "numeric", "high": 10, "missing": "median"},
    "letter": {"kind": "category", "categories": ["a", "b", "c"]},
}


def cleaning(kind: str) -> dict[str, Any]:
    """Return the parameters of the clean stage for sources of a kind."""
    rules: Cleaning = ImageCleaning()
    modality, more = "image", {}
    if kind in TEXTS:
        modality, rules = "text", TextCleaning()
    if kind in TABLES:
        modality, rules = "table", TableCleaning()
        transform = TableTransform.model_validate({"columns": COLUMNS})
        more = transform.model_dump(mode="json")
    given = rules.model_dump(mode="json", exclude={"budget", "near_conflicts"})
    known = {"label_map": {}, "labels": [], "labelled": True}
    return {"modality": modality, "rules": given, **known, **more}
