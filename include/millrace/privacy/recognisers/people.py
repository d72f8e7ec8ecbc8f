"""`PEOPLE`: names by what stands around them: titles, greetings, signatures, words, first names.

A name in the midst of a sentence, whose first name is not of the short list, is not found.
"""

from __future__ import annotations

import re

from millrace.privacy.recognisers.names import ALSO_WORDS, FIRST_NAMES, NO_NAMES
from millrace.privacy.recognisers.recogniser import Accept, Recogniser, Span, expression

_WORD = r"[A-ZÀ-ÖØ-ÞĀ-Ž][A-Za-zÀ-ÖØ-öø-ſ'’-]{1,39}"
_INITIAL = r"[A-ZÀ-ÖØ-Þ]\."
_BETWEEN = r"(?:van|von|de|der|den|del|della|di|da|dos|la|le|el|al|bin|ibn|zu|zur|ter|ten)"
_NAME = rf"(?:{_WORD}|{_INITIAL})(?: (?:{_BETWEEN} ){{0,2}}(?:{_WORD}|{_INITIAL})){{0,3}}"
_LAST_FIRST = rf"{_NAME}(?:(?:, ?|\^){_NAME}){{0,2}}"
_FULL = re.compile(rf"(?P<it>{_NAME})")

_TITLES = """Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Dame|Lord|Lady|Rev|Reverend|Herr|Herrn|Frau|
Fräulein|Mme|Mlle|Monsieur|Madame|Señor|Señora|Sr|Sra|Srta|Signor|Signora|Sig|Dott|Senhor|Senhora|
Nurse|Sister|Oberarzt|Oberärztin|Chefarzt|Chefärztin"""
_GREETINGS = """Dear|Hi|Hello|Hey|Good morning|Good afternoon|Good evening|Thanks|Thank you|Attn|
Attention|Lieber|Liebe|Sehr geehrter|Sehr geehrte|Hallo|Guten Tag|Guten Morgen|Moin|Servus|Cher|
Chère|Bonjour|Salut|Querido|Querida|Estimado|Estimada|Hola|Caro|Cara|Ciao|Gentile|Buongiorno"""
_CLOSINGS = """regards|best regards|kind regards|warm regards|many thanks|thanks|thank you|cheers|
sincerely|yours|yours sincerely|yours faithfully|yours truly|sincerely yours|best|best wishes|
all the best|love|take care|respectfully|cordially|mit freundlichen grüßen|mit freundlichem gruß|
freundliche grüße|viele grüße|beste grüße|liebe grüße|herzliche grüße|mfg|vg|lg|gruß|grüße|
cordialement|bien à vous|amicalement|saludos|un saludo|atentamente|cordiali saluti|saluti"""
_WORDS = """name|full name|patient|patient name|patient's name|contact|contact person|customer|
client|sender|recipient|from|to|cc|signed|signed by|author|physician|referring physician|
next of kin|patientin|vorname|nachname|familienname|ansprechpartner|kunde|kundin|absender|
empfänger|hausarzt|nom|prénom|nombre|apellido|apellidos|nome|cognome"""
_SAID = (
    *("my name is", "my name's", "i am called", "mein name ist", "ich heiße", "je m'appelle"),
    *("me llamo", "mi nombre es", "mi chiamo", "patient named", "a patient called"),
)
_WRITTEN = ("wrote", "writes", "schrieb", "a écrit", "escribió", "ha scritto")


def _name(match: re.Match[str]) -> Span | None:
    """Take the words of a match before the first that is no name's."""
    start, end = match.span("it")
    at = start
    kept = start
    for word in match["it"].split(" "):
        if _no_name(word):
            break
        at += len(word)
        kept = at
        at += 1
    return (start, min(kept, end)) if kept > start + 1 else None


def _no_name(word: str) -> bool:
    """Whether a word is of the list, in capitals too, or such a word with what it is drawn into."""
    plain = word.strip(".'’-")
    first = re.split("['’]", plain, maxsplit=1)[0]
    return any(
        one in NO_NAMES or (one.isupper() and one.title() in NO_NAMES) for one in (plain, first)
    )


def _listed(match: re.Match[str]) -> Span | None:
    """Take a first name of the list with the names after it, or alone where it is a name only."""
    if match[0] not in FIRST_NAMES:
        return None
    full = _FULL.match(match.string, match.start())
    if full is not None and (found := _name(full)) is not None and found[1] > match.end():
        return found
    return None if match[0] in ALSO_WORDS else match.span()


def _people(pattern: str, accept: Accept = _name, hints: tuple[str, ...] = ()) -> Recogniser:
    return Recogniser("names of people", "NAME", expression(pattern), accept, hints, people=True)


ADDRESSED = (_people(rf"""(?P<it>{_NAME})["']? ?[<(\[][\w.%+'-]{{1,64}}@""", hints=("@",)),)
"""Names before e-mail addresses, to be used before those."""

PEOPLE = (
    _people(
        rf"\b(?i:{_TITLES})\.? (?:(?:Dr|Prof|med|rer|nat|h\.c|Dipl|Ing)\.? ?){{0,4}}"
        rf"(?:{_BETWEEN} ){{0,2}}(?P<it>{_NAME})"
    ),
    _people(rf"\b(?i:{_GREETINGS}),? {{1,2}}(?:there,? |again,? ){{0,1}}(?P<it>{_NAME})"),
    _people(
        rf"(?m)(?i:^[ >]{{0,9}}(?:{_CLOSINGS})) ?[,.!]{{0,2}}[ \t\r]{{0,4}}\n[ >\t\r\n]{{0,9}}"
        rf"(?:(?:i\. ?[AV]\.|ppa\.|p\.p\.|gez\.) ?)?(?P<it>{_NAME})[ \t\r]{{0,9}}$"
    ),
    _people(rf"(?m)^[ >]{{0,9}}--? ?\r?\n[ >]{{0,9}}(?P<it>{_NAME})[ \t\r]{{0,9}}$"),
    _people(rf"(?i:\b(?:{_WORDS})) ?: {{0,4}}(?P<it>{_LAST_FIRST})"),
    _people(rf"(?P<it>{_NAME}),? (?:{'|'.join(_WRITTEN)})\b ?:", hints=_WRITTEN),
    _people(rf"(?i:\b(?:{'|'.join(_SAID)})) (?P<it>{_NAME})", hints=_SAID),
    _people(rf"\b{_WORD}", _listed),
)
"""In the order in which they are to be used."""
