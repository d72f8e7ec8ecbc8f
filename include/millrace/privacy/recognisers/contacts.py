"""`CONTACTS`: web addresses that name a user, e-mail and network addresses, phone numbers."""

from __future__ import annotations

import re
from ipaddress import ip_address

from millrace.privacy.recognisers.recogniser import Recogniser, Span, expression, whole

_ENDING = ".,;:!?)]}'\""
_OF_USERS = re.compile(
    r"(?i)[@~?#=]|%40|/(?:users?|u|profiles?|people|members?|in|author|home)/\S"
    r"|(?:facebook|instagram|twitter|tiktok|github|xing|vk|t)\.(?:com|me)/\S"
)
_DATE = re.compile(r"\d{1,4}([./-])\d{1,2}([./-])\d{1,4}(?: \d{1,2})?")
_DIGITS = range(7, 16)  # of a phone number (ITU-T E.164 has 15 at most)


def _url(match: re.Match[str]) -> Span | None:
    """Take a web address that may say who somebody is: its user, path of a user, or query."""
    found = match[0].rstrip(_ENDING)
    start = match.start()
    return (start, start + len(found)) if _OF_USERS.search(found) else None


def _network(match: re.Match[str]) -> Span | None:
    try:
        ip_address(match[0])
    except ValueError:
        return None
    return match.span() if len(match[0]) >= 6 else None


def _phone(match: re.Match[str]) -> Span | None:
    found = whole(match)
    said = match[0] if found is None else match.string[slice(*found)]
    count = sum(letter.isdigit() for letter in said)
    return found if count in _DIGITS and not _DATE.fullmatch(said.strip()) else None


CONTACTS = (
    Recogniser(
        "web addresses of users",
        "URL",
        re.compile(r'(?i)\b(?:[a-z][a-z0-9+.-]{1,15}://|www\.)[^\s<>"]{1,1000}'),
        _url,
        ("://", "www."),
    ),
    Recogniser(
        "e-mail addresses",
        "EMAIL",
        re.compile(r"[\w.%+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}"),
        hints=("@",),
    ),
    Recogniser(
        "e-mail addresses",
        "EMAIL",
        re.compile(
            r"(?i)[\w.+-]{1,64} ?[\[({] ?at ?[\])}] ?[\w-]{1,63}(?: ?(?:\.|[\[({] ?(?:dot|punkt) ?"
            r"[\])}]) ?[\w-]{1,63}){1,8}"
        ),
        hints=("at)", "at]", "at}", "at )", "at ]", "at }"),
    ),
    Recogniser(
        "e-mail addresses",
        "EMAIL",
        re.compile(r"(?i)[\w.+-]{1,64} at [\w-]{1,63}(?: dot [\w-]{2,63}){1,4}\b"),
        hints=(" dot ",),
    ),
    Recogniser("user names", "USER", re.compile(r"(?:^|[^\w@./])(?P<it>@[A-Za-z0-9_]{2,30})\b")),
    Recogniser(
        "user names",
        "USER",
        expression(
            r"""(?i)\b(?:skype|telegram|instagram|snapchat|icq|user ?name|nick ?name|login|user ?id)
            (?: id| name)? ?[:=] {0,3}(?P<it>[\w.@+-]{2,40}\w)"""
        ),
        hints=("skype", "gram", "snapchat", "icq", "user", "nick", "login"),
    ),
    Recogniser("network addresses", "IP", re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b"), _network),
    Recogniser(
        "network addresses",
        "IP",
        re.compile(r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}"),
        _network,
        (":",),
    ),
)
"""In the order in which they are to be used."""

PHONES = tuple(
    Recogniser("phone numbers", "PHONE", expression(pattern), _phone)
    for pattern in (
        r"(?:\+|\b00)[1-9][\d ()./-]{5,20}\d",
        r"""(?i)\b(?:tel|telephone|phone|mobile|mob|cell|fax|call|text|ring|sms|telefon|handy|mobil|
        durchwahl|tél|téléphone|teléfono|telefono|whatsapp)\b[.:]{0,2} {0,3}(?:me |us |him |her )?
        (?:no|nr|number|on|at|under|unter)?[.:]{0,2} {0,3}(?P<it>[(+\d][\d ()./-]{4,20}\d)""",
        r"(?:\b1[ .-])?(?:\(\d{3}\)|\b[2-9]\d{2})[ .-]{1,2}\d{3}[ .-]\d{4}\b",
        r"(?:\(0\d{1,5}\)|\b0\d{1,5})[ ./-]{1,3}\d{2,8}(?:[ ./-]{1,2}\d{1,5}){0,4}\b",
        r"\b0[1-9]\d{7,10}\b",
        r"\b[2-9]\d{9}\b",
    )
)
"""International, told by a word before it, of North America, of a trunk prefix, without spaces."""
