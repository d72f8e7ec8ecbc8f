"""Small DICOM files of a made-up patient, whose every identifier is in `PLANTED`."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRBigEndian, ExplicitVRLittleEndian

STUDY, SERIES = "1.2.826.0.1.77.1", "1.2.826.0.1.77.1.2"
PLANTED = (
    *("Zweifelstein", "Hildegunde", "PID-4711-XY", "ACC-998877", "Quellbrunn", "Oberarzt"),
    *("Kasimir", "Nachtigallenweg", "SERIAL-55512", "privatnotiz", "Sequenzmann", STUDY),
    *("19370214", "Freitextfund", "SCANNER-AET-9", "Präambel"),
)
"""Texts that no output may hold."""


def dataset(number: int = 1, **values: Any) -> FileDataset:
    """Return a CT slice of 16 x 16 pixels.

    Args:
        number: of the slice; it lies at 5 mm times it.
        values: elements by keyword; None leaves one out.
    """
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.SourceApplicationEntityTitle = "SCANNER-AET-9"
    made = FileDataset("", {}, file_meta=meta, preamble="Präambel".encode().ljust(128, b"\0"))
    pixels = np.random.default_rng(number).integers(0, 2_000, (16, 16)).astype("<i2")
    elements = {
        "SpecificCharacterSet": "ISO_IR 192",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "SOPClassUID": CTImageStorage,
        "SOPInstanceUID": f"{SERIES}.{number}",
        "StudyDate": "20190304",
        "StudyTime": "101112.5",
        "AccessionNumber": "ACC-998877",
        "Modality": "CT",
        "Manufacturer": "ACME",
        "InstitutionName": "Klinikum Quellbrunn",
        "InstitutionAddress": "Nachtigallenweg 3",
        "ReferringPhysicianName": "Oberarzt^Kasimir",
        "StudyDescription": "Head routine Freitextfund 5 mm",
        "SeriesDescription": "Brain",
        "PatientName": "Zweifelstein^Hildegunde",
        "PatientID": "PID-4711-XY",
        "PatientBirthDate": "19370214",
        "PatientSex": "F",
        "PatientAge": "093Y",
        "BodyPartExamined": "HEAD",
        "SliceThickness": "5",
        "DeviceSerialNumber": "SERIAL-55512",
        "StudyInstanceUID": STUDY,
        "SeriesInstanceUID": SERIES,
        "InstanceNumber": str(number),
        "ImagePositionPatient": [0, 0, 5.0 * number],
        "PixelSpacing": [0.5, 0.25],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "FrameOfReferenceUID": f"{STUDY}.9",
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": 16,
        "Columns": 16,
        "BitsAllocated": 16,
        "BitsStored": 16,
        "HighBit": 15,
        "PixelRepresentation": 1,
        "RescaleSlope": "1",
        "RescaleIntercept": "-1024",
        "PixelData": pixels.tobytes(),
    }
    for name, value in (elements | values).items():
        if value is not None:
            setattr(made, name, value)
    made["PixelData"].VR = "OW"
    block = made.private_block(0x0009, "ACME 1.1", create=True)
    block.add_new(0x01, "LO", "privatnotiz")
    made.RequestAttributesSequence = [item(ScheduledPerformingPhysicianName="Sequenzmann^Otto")]
    made.ReferencedImageSequence = [
        item(ReferencedSOPClassUID=CTImageStorage, ReferencedSOPInstanceUID=f"{SERIES}.1")
    ]
    meta.MediaStorageSOPInstanceUID = made.get("SOPInstanceUID", "1.2.3")
    return made


def item(**values: Any) -> Dataset:
    """Return an item of a sequence."""
    made = Dataset()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def written(made: FileDataset) -> bytes:
    """Return a data set as the bytes of a file."""
    buffer = io.BytesIO()
    dcmwrite(buffer, made, enforce_file_format=True)
    return buffer.getvalue()


def ct(number: int = 1, **values: Any) -> bytes:
    """Return the bytes of `dataset`."""
    return written(dataset(number, **values))


def big_endian(number: int = 1, **values: Any) -> bytes:
    """Return a slice in explicit VR big endian."""
    made = dataset(number, **values)
    made.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    pixels = np.frombuffer(made.PixelData, "<i2").astype(">i2")
    made.PixelData = pixels.tobytes()
    made["PixelData"].VR = "OW"
    made.private_block(0x0009, "ACME 1.1")
    buffer = io.BytesIO()
    dcmwrite(buffer, made, enforce_file_format=True, implicit_vr=False, little_endian=False)
    return buffer.getvalue()


def packed_by_gdcm(data: bytes, syntax: str, folder: Path) -> FileDataset:
    """Return a file compressed to one of GDCM's transfer syntaxes, named as GDCM names it."""
    import gdcm

    (folder / "plain").write_bytes(data)
    reader, change = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax()
    reader.SetFileName(str(folder / "plain"))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, syntax)))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(folder / "packed"))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return dcmread(folder / "packed")


def found_in(data: bytes) -> list[str]:
    """Return the planted identifiers that bytes hold, in any case and usual encoding."""
    lower = data.lower()
    return [
        text
        for text in PLANTED
        if any(
            text.encode(encoding).lower() in lower or text.lower().encode(encoding) in lower
            for encoding in ("utf-8", "latin-1", "utf-16-le", "utf-16-be")
        )
    ]
