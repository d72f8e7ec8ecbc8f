"""`PLACES`: street addresses and post codes of some countries."""

from __future__ import annotations

from millrace.privacy.recognisers.recogniser import Recogniser, expression

_WORD = r"[A-ZÀ-ÖØ-Þ][A-Za-zÀ-ÖØ-öø-ſ'’.-]{0,29}"
_PATTERNS = (
    rf"""\b\d{{1,5}}[A-Za-z]?,? (?:(?:[NSEW]|North|South|East|West)\.? )?(?:{_WORD} ){{1,4}}
    (?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Way|Place|Pl|Terrace|
    Square|Sq|Close|Crescent|Gardens|Grove|Highway|Hwy|Parkway|Pkwy)\b\.?
    (?:,? (?:Apt|Apartment|Flat|Suite|Unit)\.? ?[\w-]{{1,6}})?""",
    r"""\b(?:(?:Am|An der|Auf der|In der|Im|Zum|Zur|Alte|Neue|Große|Kleine|Obere|Untere) )?
    [A-ZÄÖÜ][A-Za-zäöüÄÖÜß-]{1,40}(?:[ -]?[Ss]tra(?:ß|ss)e|[ -]?[Ss]tr\.|weg|platz|allee|gasse|
    damm|ring|ufer|steig|chaussee| Weg| Platz| Allee| Gasse| Ring| Ufer)
    [ ]{1,2}\d{1,4} ?[a-zA-Z]?\b""",
    rf"""(?i:\b\d{{1,4}}(?: ?(?:bis|ter))?,? (?:rue|avenue|boulevard|place|chemin|allée|impasse|
    quai|via|viale|piazza)) (?:(?:de|du|des|la|le|les|della|di|del|d'|l') ?){{0,3}}{_WORD}
    (?: {_WORD}){{0,3}}""",
    rf"""\b(?:Calle|Avenida|Plaza|Paseo|Rua|Via|Viale|Piazza|Corso|C/) ?(?:(?:de|del|la|los|las|da|
    do|di|della) ){{0,3}}{_WORD}(?: {_WORD}){{0,3}},? (?:n\.?º? ?)?\d{{1,4}}\b""",
    r"(?i:\bP\.? ?O\.? ?Box|\bPostfach) \d[\d ]{1,9}\d",
    r"\b(?:GIR ?0AA|[A-PR-UWYZ][A-HK-Y]?\d[\dA-HJKPSTUW]? ?\d[ABD-HJLNP-UW-Z]{2})\b",
    rf"\b{_WORD}(?: {_WORD}){{0,2}}, [A-Z]{{2}} \d{{5}}(?:-\d{{4}})?\b",
    rf"\b(?:(?:D|A|CH|F|DE|AT|FR)-)?\d{{4,5}} (?:Bad |Sankt |St\. |Saint-)?{_WORD}$",
    rf"\b(?:D|A|CH|F|DE|AT|FR)-\d{{4,5}} {_WORD}",
)

PLACES = tuple(
    Recogniser("street addresses", "ADDRESS", expression(f"(?m){pattern}")) for pattern in _PATTERNS
)
"""English, German, French, Spanish and Italian streets; British, American and central European
post codes, the last where they end a line or carry a country."""
