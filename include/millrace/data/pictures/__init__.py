"""Everything that data stages know of pictures: looking, judging, making them canonical.

A record is refused for the first of these that holds: ``undecodable``, ``animated``,
``wrong_shape``, ``wrong_size``, ``blank``, ``near_blank``, ``wrong_intensity``; then for its label,
see `millrace.data.cleaning`. What each asks: `millrace.workflow.images.ImageCleaning`.

Picture files are judged on all their pixels and stored reduced, see `reduction`.

A user's own rule receives `images`, ``(rows, height, width, channels)`` uint8 pictures of one shape
(a batch of several shapes means several calls)::

    def too_dark(images, labels):
        return images.mean(axis=(1, 2, 3)) < 10

A user's own transform, named ``package.module:function`` in the spec, receives each canonical batch
``(rows, height, width, channels)`` uint8 last and returns a batch of the same shape and type. It
must treat each picture by itself: batches have any length.
"""
