"""The data contract of pictures: which records are refused, and why. Nothing is changed here.

A record is refused for the first of these that holds: ``undecodable``, ``wrong_shape``, ``blank``,
``missing_label``, ``unknown_label``, ``rule:<name>``, ``conflicting_label``. Exact duplicates are
not refused; they are listed beside the accepted record.

A user's own rule is a function, named ``package.module:function`` in the spec::

    def too_dark(images, labels):
        return images.mean(axis=(1, 2, 3)) < 10

`images` are ``(rows, height, width, channels)`` uint8 pictures of one shape (a batch of several
shapes means several calls), `labels` is a list of text (or None, in prediction). It returns one
value a record: false, None or "" keeps the record, true refuses it, and a text refuses it and
becomes the detail of its quarantine row. A rule must judge each record by itself: batches have any
length.
"""
