"""DICOM files: their headers, their series, their pixels, and the removal of who they show.

Nothing here writes a file. Errors and logs name no value and no file of what was read.
"""
