"""What a spec says of sources whose pictures are files, one each: folders, archives, buckets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from millrace.workflow.source import Source

Column = str | int
"""A column by its name in the header, or by its position, from 0; -1 is the last."""


def _lies_inside(folder: str) -> str:
    if folder.startswith("/") or ".." in folder.split("/"):
        raise ValueError("a path below uri, without `..`")
    return folder


Folder = Annotated[str, AfterValidator(_lies_inside)]
"""A path below a source's ``uri``."""


class ImageFolderSource(Source):
    """Picture files: PNG, JPEG, BMP, TIFF, WebP and GIF, known by their extensions.

    A picture's class is the first subfolder it lies in, unless a file of labels says otherwise; in
    an archive, folders around all classes do not count. Files of other kinds are left out
    and counted in the log; hidden files are left out.

    Attributes:
        uri: a folder, a .zip or .tar archive (plain, .gz, .bz2 or .xz), or a remote folder such as
            ``s3://bucket/photos/``; may hold ``${VARIABLE:-default}``.
        folder: path below `uri`, or within the archive, whose subfolders are the classes; the
            names of records begin below it.
        labels: URI of a CSV file with a row a picture: a column that names files (a path, a file's
            name with or without its extension, or its number) and a column of labels. Null takes
            ``labels.csv`` of the folder or archive where there is one, else the subfolders;
            ``subfolders`` takes the subfolders.
        file_column: column that names files; null finds the one whose values do.
        label_column: column of labels; null takes the one named like it, or the only other one.
        group_column: column whose equal values (a patient, a camera) stay on one side of the
            split; null has no groups.
        missing_files: ``refuse`` fails where a row of `labels` names no file; ``ignore`` logs how
            many do.
        pattern: shell pattern of the files to read instead of the known extensions, such as
            ``*.pgm``; with a slash it is matched against the path. Case is ignored.
        sha256: hexadecimal digest of the archive at `uri`.
    """

    kind: Literal["image_folder"]
    uri: str
    folder: Folder = ""
    labels: str | None = None
    file_column: Column | None = None
    label_column: Column | None = None
    group_column: Column | None = None
    missing_files: Literal["refuse", "ignore"] = "refuse"
    pattern: str | None = Field(None, min_length=1)
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$")
