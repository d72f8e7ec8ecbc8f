"""The data contract of pictures: which records are refused, and why. Nothing is changed here.

A record is refused for the first of these that holds: ``undecodable``, ``animated``,
``wrong_shape``, ``wrong_size``, ``blank``, ``near_blank``, ``wrong_intensity``, ``missing_label``,
``unknown_label``, ``rule:<name>``, ``conflicting_label``; integration may add
``conflicting_near_label``. What each asks: `millrace.workflow.images.ImageCleaning`. Exact
duplicates are not refused; they are listed beside the accepted record.

Picture files are judged on all their pixels and stored reduced, see `reduction`.

A user's own rule is a function, named ``package.module:function`` in the spec::

    def too_dark(images, labels):
        return images.mean(axis=(1, 2, 3)) < 10

`images` are ``(rows, height, width, channels)`` uint8 pictures of one shape (a batch of several
shapes means several calls), `labels` is a list of text (or None, in prediction). It returns one
value a record: false, None or "" keeps the record, true refuses it, and a text refuses it and
becomes the detail of its quarantine row. A rule must judge each record by itself: batches have any
length.
"""
