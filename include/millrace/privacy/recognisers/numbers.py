"""`NUMBERS`: of accounts, cards and people, by their checksums or a word before them."""

from __future__ import annotations

import re

from millrace.privacy.recognisers.recogniser import Recogniser, Span, expression

_BETWEEN = re.compile(r"[ .-]")  # what parts groups of digits
_IBAN = {  # length by country (SWIFT IBAN Registry)
    **dict.fromkeys(("NO",), 15),
    **dict.fromkeys(("BE",), 16),
    **dict.fromkeys(("DK", "FI", "FO", "GL", "NL"), 18),
    **dict.fromkeys(("MK", "SI"), 19),
    **dict.fromkeys(("AT", "BA", "EE", "KZ", "LT", "LU", "XK"), 20),
    **dict.fromkeys(("CH", "HR", "LI", "LV"), 21),
    **dict.fromkeys(("BG", "BH", "CR", "DE", "GB", "GE", "IE", "ME", "RS", "VA"), 22),
    **dict.fromkeys(("AE", "GI", "IL", "IQ", "TL"), 23),
    **dict.fromkeys(("AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VG"), 24),
    **dict.fromkeys(("LY", "PT", "ST"), 25),
    **dict.fromkeys(("IS", "TR"), 26),
    **dict.fromkeys(("FR", "GR", "IT", "MC", "MR", "SM"), 27),
    **dict.fromkeys(("AL", "AZ", "BY", "CY", "DO", "GT", "HU", "LB", "PL", "SV"), 28),
    **dict.fromkeys(("BR", "EG", "PS", "QA", "UA"), 29),
    **dict.fromkeys(("JO", "KW", "MU"), 30),
    **dict.fromkeys(("MT", "SC"), 31),
}
_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"


def luhn(digits: str) -> bool:
    """Whether digits end with their check digit (ISO/IEC 7812-1, annex B)."""
    doubled = (int(d) * 2 for d in digits[-2::-2])
    total = sum(map(int, digits[-1::-2])) + sum(d // 10 + d % 10 for d in doubled)
    return total % 10 == 0


def iban(text: str) -> bool:
    """Whether a text without blanks is an IBAN by length and checksum (ISO 13616, ISO 7064)."""
    if len(text) != _IBAN.get(text[:2]):
        return False
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97 == 1


def _card(match: re.Match[str]) -> Span | None:
    digits = _BETWEEN.sub("", match[0])
    return match.span() if luhn(digits) and len(set(digits)) > 1 else None


def _account(match: re.Match[str]) -> Span | None:
    """Take as much of a match as an IBAN of its country has; a word may follow it."""
    length = _IBAN.get(match[0][:2].upper())
    ends = [at for at, letter in enumerate(match[0], 1) if letter.isalnum()]
    if length is None or len(ends) < length:
        return None
    end = ends[length - 1]
    found = _BETWEEN.sub("", match[0][:end]).upper()
    return (match.start(), match.start() + end) if iban(found) else None


def _social_security(match: re.Match[str]) -> Span | None:
    """Take what the Social Security Administration may have given out."""
    area, group, serial = match[1], match[3], match[5]
    given = area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"
    return match.span() if given and match[2] == match[4] else None


def _french(match: re.Match[str]) -> Span | None:
    text = match[0].replace(" ", "").replace("2A", "19").replace("2B", "18")
    if not text.isdigit() or len(text) != 15:
        return None
    return match.span() if 97 - int(text[:13]) % 97 == int(text[13:]) else None


def _spanish(match: re.Match[str]) -> Span | None:
    text = match[0].replace("-", "").upper()
    first = {"X": "0", "Y": "1", "Z": "2"}.get(text[0], text[0])
    return match.span() if _DNI[int(first + text[1:-1]) % 23] == text[-1] else None


def _told(match: re.Match[str]) -> Span | None:
    """Take what follows a word such as "account number", where it has digits."""
    found = match["it"]
    return match.span("it") if sum(letter.isdigit() for letter in found) >= 4 else None


NUMBERS = (
    Recogniser(
        "account numbers (IBAN)",
        "IBAN",
        re.compile(r"\b[A-Za-z]{2} ?\d{2}(?:[ .-]?[A-Za-z0-9]){11,30}"),
        _account,
    ),
    Recogniser("card numbers", "CARD", re.compile(r"\b[2-6]\d{3}(?:[ .-]?\d){9,15}\b"), _card),
    Recogniser(
        "insurance and identity numbers",
        "ID",
        re.compile(r"\b(\d{3})([ -])(\d{2})([ -])(\d{4})\b"),
        _social_security,
    ),
    Recogniser(
        "insurance and identity numbers",
        "ID",
        re.compile(r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b"),
    ),
    Recogniser(
        "insurance and identity numbers",
        "ID",
        re.compile(r"\b[12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}\b"),
        _french,
    ),
    Recogniser(
        "insurance and identity numbers",
        "ID",
        re.compile(r"\b(?:\d{8}|[XYZxyz]\d{7})-?[A-Za-z]\b"),
        _spanish,
    ),
    Recogniser(
        "insurance and identity numbers", "ID", re.compile(r"\b\d{2} ?\d{6} ?[A-Z] ?\d{3}\b")
    ),
    Recogniser(
        "numbers told by a word before them",
        "ID",
        expression(
            r"""(?i)\b(?:account|acct|a/c|sort ?code|card|iban|bic|ssn|social security|nhs|mrn|
            medical record|patient|case|claim|policy|passport|licen[cs]e|insurance|member|customer|
            order|invoice|booking|reference|ref|konto|kunden|patienten|fall|versicherten|
            versicherungs|vers\.|ausweis|steuer|rechnungs|compte|dossier|client|cuenta|expediente)
            [ -]{0,2}(?:number|num|no|nr|nummer|id|#|numéro|número)?[.:#]{0,2} {0,3}
            (?:is|was|ist|lautet|=)? {0,2}(?P<it>[A-Za-z./-]{0,12}\d[A-Za-z0-9./-]{2,40}
            (?: \d{2,12}\b){0,5})"""
        ),
        _told,
    ),
    Recogniser(
        "dates of birth",
        "BIRTH",
        expression(
            r"""(?i)\b(?:dob|d\.o\.b\.|date of birth|born(?: on)?|geb\.|geboren(?: am)?|
            geburtsdatum|né le|née le|nacido el|nacida el)[:.]{0,2} {0,3}
            (?P<it>\d{1,4}[ ./-]{1,2}(?:\d{1,2}|[a-zäéû]{3,9})[ ./-]{1,2}\d{2,4})"""
        ),
        hints=("dob", "d.o.b", "birth", "born", "geb", "né", "nacid"),
    ),
)
"""In the order in which they are to be used."""
