"""Every implementation that a spec can name, in one place, and the one door for a user's own.

A name without a colon is one of the table's; ``package.module:attribute`` is imported as it is,
which is also how the built-in ones are reached. The table holds strings, so reading
it imports nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from millrace.errors import SpecError

BUILT_IN: dict[str, dict[str, str]] = {
    "source": {
        "sklearn": "millrace.data.sources.sklearn_datasets:SklearnReader",
        "idx": "millrace.data.sources.idx:IdxReader",
        "cifar": "millrace.data.sources.cifar:CifarReader",
        "image_folder": "millrace.data.sources.image_folder:ImageFolderReader",
        "image_csv": "millrace.data.sources.image_csv:ImageCsvReader",
        "npy": "millrace.data.sources.numpy_arrays:NpyReader",
        "npz": "millrace.data.sources.numpy_arrays_zip:NpzReader",
        "hdf5": "millrace.data.sources.hdf5:Hdf5Reader",
        "parquet": "millrace.data.sources.parquet:ParquetReader",
        "delimited": "millrace.data.sources.delimited:DelimitedReader",
        "jsonl": "millrace.data.sources.json_lines:JsonLinesReader",
        "text_folder": "millrace.data.sources.text_folder:TextFolderReader",
        "email": "millrace.data.sources.messages:EmailReader",
        "dicom": "millrace.data.sources.dicom:DicomReader",
        "sql": "millrace.data.sources.sql:SqlReader",
        "sample": "millrace.data.sources.sample:SampleReader",
    },
    "door": {"identified": "millrace.data.sources.private_reader:PrivateReader"},
    "survey": {
        "image": "millrace.data.survey.picture_survey:PictureSurvey",
        "ct": "millrace.data.survey.scan_survey:ScanSurvey",
        "text": "millrace.data.survey.text_survey:TextSurvey",
        "table": "millrace.data.survey.table_survey:TableSurvey",
    },
    "proposer": {
        "image": "millrace.workflow.proposing.picture_plan:PictureProposer",
        "ct": "millrace.workflow.proposing.scan_plan:ScanProposer",
        "text": "millrace.workflow.proposing.text_plan:TextProposer",
        "table": "millrace.workflow.proposing.table_plan:TableProposer",
    },
    "data modality": {
        "image": "millrace.data.pictures.modality:Pictures",
        "ct": "millrace.data.scans.modality:Scans",
        "text": "millrace.data.texts.modality:Texts",
        "table": "millrace.data.rows.modality:TableRows",
    },
    "learning modality": {
        "image": "millrace.learning.pictures.modality:PictureLearning",
        "ct": "millrace.learning.scans.modality:ScanLearning",
        "text": "millrace.learning.texts.modality:TextLearning",
        "table": "millrace.learning.rows.modality:RowLearning",
    },
    "model": {
        "mlp": "millrace.learning.networks.mlp:build",
        "cnn": "millrace.learning.networks.cnn:build",
        "ct_resnet": "millrace.learning.networks.ct_resnet:build",
        "text_cnn": "millrace.learning.networks.text_cnn:build",
        "text_rnn": "millrace.learning.networks.text_rnn:build",
        "text_mlp": "millrace.learning.networks.text_mlp:build",
        "table_mlp": "millrace.learning.networks.table_mlp:build",
    },
}

"""By what a name means; a modality has a side of data and one of learning."""

PACKAGES: dict[str, tuple[str, ...]] = {
    "image": ("pillow",),
    "ct": (
        *("pillow", "scipy", "pydicom"),
        *("python-gdcm", "pylibjpeg-openjpeg", "pylibjpeg-rle"),
    ),
    "dicom": ("pydicom",),
    "text": ("ftfy", "py3langid", "snowballstemmer", "stop-words"),
    "table": ("pandas",),
}
"""Distributions whose versions may change what stages make of a modality's contents, or of a kind
of source."""


def implementation(kind: str, name: str) -> str:
    """Return the import path ``package.module:attribute`` behind `name`.

    Raises:
        SpecError: there is no such name.
    """
    if ":" in name:
        return name
    known = BUILT_IN[kind]
    if name not in known:
        raise SpecError(
            f"unknown {kind}",
            expected=f"{', '.join(sorted(known))}, or package.module:name",
            received=name,
        )
    return known[name]


def load(path: str) -> Any:
    """Import ``package.module:attribute``; raise `SpecError` where that fails."""
    module, _, attribute = path.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise SpecError(
            "cannot be imported",
            where=path,
            expected="package.module:name that Python can import",
            received=error,
            remedy="Put the module on PYTHONPATH (the folder `include/` is on it) and check names.",
        ) from error
