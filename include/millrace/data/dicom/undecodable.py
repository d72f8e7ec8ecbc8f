"""`Undecodable`: a file that cannot be used, for a reason that names nothing that is in it."""

from __future__ import annotations


class Undecodable(ValueError):  # noqa: N818
    """A DICOM file, or the pixels in one, cannot be read.

    Its text is shown to people and stored: it holds no value of the file.
    """
