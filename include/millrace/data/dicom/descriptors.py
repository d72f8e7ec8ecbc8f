"""`clean_description`: of a description, the words that are known to be of anatomy or technique.

A name is never recognised, only known words are: what is not known is left out.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_WORDS = """
    abdomen acquisition adult angio angiography arterial axial base basal body bone brain c ce
    cerebral cervical chest child contrast cor coronal cranial cranium cranio ct cta ctp delayed
    ear enhanced expiration face facial fine foot fossa hand head helical hip hr iac inferior inner
    inspiration kernel knee left localiser localizer lumbar lung mandible mar maxilla mediastinum mm
    mip monitoring mpr ncct native neck neuro non o orbit orbita orbits paediatric pediatric
    pelvis perfusion petrous phase plain portal posterior post pre radius reconstruction recon
    reformat right routine s sag sagittal scan scout sequential series sharp shoulder sinus sinuses
    skull slice smooth soft spine spiral standard std stroke superior supine temporal thick thin
    thorax tissue topogram trauma unenhanced vascular venous vertex with without wo w
    ankle arm breast clavicle cspine elbow extremity femur finger headneck heart humerus jaw leg
    lspine rib toe tspine whole wrist
    kopf schaedel schädel hirn cerebro crane crâne tete tête cabeza craneo cráneo
"""
_KNOWN = frozenset(_WORDS.split())
_WORD = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)?")
_LONGEST_NUMBER = 2  # digits before the point: of a thickness or a kernel, of no id or year
_LONGEST = 64  # characters, as LO allows


def clean_description(text: str, names: Collection[str] = ()) -> str:
    """Return the known words of a text, and its short numbers, in their order.

    Args:
        text: of a description. names: words that are left out though they are known, because
            somebody is called so; in lower case.
    """
    words = [w for w in _WORD.findall(text) if _is_known(w) and w.casefold() not in names]
    return " ".join(words)[:_LONGEST].rstrip()


def is_known(text: str) -> bool:
    """Whether a text is nothing but known words."""
    words = _WORD.findall(text)
    return bool(words) and all(word.casefold() in _KNOWN for word in words)


def _is_known(word: str) -> bool:
    if word[0].isdigit():
        return len(re.split("[.,]", word)[0]) <= _LONGEST_NUMBER
    return word.casefold() in _KNOWN
