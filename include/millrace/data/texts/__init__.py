"""Everything that data stages know of texts: reading, judging, making them canonical.

A record is refused for the first of these that holds: ``undecodable``, ``empty``, ``too_long``,
``too_short``, ``not_text``, ``wrong_language``; then for its label, see `millrace.data.cleaning`.
What each asks: `millrace.workflow.texts.TextCleaning`. What is stored is the text as it was read,
its encoding repaired, without white space around it.

A user's own rule receives `texts`, an array of `str`::

    def shouting(texts, labels):
        return [text.isupper() for text in texts]

A user's own transform, named ``package.module:function`` in the spec, receives a list of canonical
texts last and returns as many texts. It must treat each by itself: batches have any length.
"""
