"""The data contract: which records are refused, and why. Nothing is changed here.

A record is refused for the first reason that holds: one of its modality's own (for pictures see
`millrace.data.pictures`, for texts `millrace.data.texts`, for tables `millrace.data.rows`), then
``missing_label``, ``unknown_label``, ``rule:<name>``, ``conflicting_label``; integration may add
``conflicting_near_label``. Exact duplicates are not refused; they are listed beside the accepted
record.

A user's own rule is a function, named ``package.module:function`` in the spec, called with a batch
of contents, in the form of their modality, and their `labels`: a list of text (or None, in
prediction). It returns one value a record: false, None or "" keeps the record, true refuses it, and
a text refuses it and becomes the detail of its quarantine row. A rule must judge each record by
itself: batches have any length.
"""
