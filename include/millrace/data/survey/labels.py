"""Labels that names of archives and folders tell, such as ``ham`` of ``20030228_easy_ham_2``."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from millrace.data.survey.found import SIDES

_MAIL = frozenset(("ham", "spam", "phishing", "legitimate", "junk"))


def labels_of(names: Sequence[str]) -> list[str]:
    """Return a label for each name, of two at least.

    Numbers and words for sides (train, test) do not count. Names that end in the same word are one
    class where that leaves several: ``easy_ham``, ``hard_ham`` and ``spam`` are two. Of words such
    as ham and spam, the others are left out.
    """
    words = [_words(name) for name in names]
    whole = ["_".join(found) or name for found, name in zip(words, names, strict=True)]
    last = [found[-1] if found else name for found, name in zip(words, names, strict=True)]
    told = set(last) <= _MAIL or len(set(last)) < len(set(whole))
    return last if len(set(last)) > 1 and told else whole


def label_map(folders: Collection[str]) -> Mapping[str, str]:
    """Return what folders of e-mails are called in fewer words; empty where they say it already."""
    names = sorted(folders)
    labels = labels_of(names) if len(names) > 1 else names
    if not set(labels) <= _MAIL:
        return {}
    pairs = zip(names, labels, strict=True)
    return {name: label for name, label in pairs if name != label}


def _words(name: str) -> list[str]:
    found = re.split(r"[^a-z]+", name.lower())
    return [word for word in found if word and word not in SIDES]
