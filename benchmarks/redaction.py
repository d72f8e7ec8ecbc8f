"""De-identifying texts: our recognisers against a script of plain expressions.

Usage: ``SPAMASSASSIN=<folder of archives> python benchmarks/redaction.py [--rounds 3]``

Ours finds all of `millrace.privacy.recognisers` with checksums, replaces each name wherever else it
stands, repeats until nothing more is found, and in a second row looks whether anything is left, as
collecting does. The script is what one writes by hand: six expressions (e-mail, web address,
telephone, card, IBAN, IP), one ``sub`` each, no checksums, no names, no check. A third row gives
ours those kinds only, in one pass. Texts are in memory; CPU seconds of one core; medians of rounds
in turns.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "include"))

from common import machine, show
from mail_parsing import _mails

from millrace.data.texts.message import read_message
from millrace.data.texts.read import text_of
from millrace.privacy.recognisers.contacts import CONTACTS, PHONES
from millrace.privacy.recognisers.numbers import NUMBERS
from millrace.privacy.recognisers.redact import Redactor, holds_values

_SCRIPT = [
    (re.compile(pattern), word)
    for pattern, word in (
        (r"https?://\S+", "[URL]"),
        (r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "[EMAIL]"),
        (r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b", "[IBAN]"),
        (r"\b\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,4}\b", "[CARD]"),
        (r"\b\d{1,3}(?:\.\d{1,3}){3}\b", "[IP]"),
        (r"(?:\+|\b0)\d[\d ()./-]{6,20}\d", "[PHONE]"),
    )
]
_KINDS = {"URL", "EMAIL", "IP", "IBAN", "CARD", "PHONE"}
_SAME = tuple(one for one in (*CONTACTS, *NUMBERS, *PHONES) if one.word in _KINDS)


def main() -> None:
    """Compare the sides."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mails", type=int, default=600, help="default 600")
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    arguments = parser.parse_args()
    if not os.environ.get("SPAMASSASSIN"):
        raise SystemExit("set SPAMASSASSIN to the folder with the corpus's archives")
    mails = _mails(Path(os.environ["SPAMASSASSIN"]))
    step = max(1, len(mails) // arguments.mails)
    texts = [text_of(read_message(mail, ())) for mail in mails[::step][: arguments.mails]]
    sides = (_redact, _redact_and_check, _same_kinds, _script)
    rounds = [[_timed(side, texts) for side in sides] for _ in range(arguments.rounds)]
    redact, check, same, script = (median(values) for values in zip(*rounds, strict=True))
    size = sum(map(len, texts)) / 1e6  # characters
    show(
        f"{len(texts):,} messages of SpamAssassin, {size:.1f} M characters ({machine()})",
        [
            ("ours, messages a second", f"{len(texts) / redact:,.0f}"),
            ("ours, checked too, messages a second", f"{len(texts) / check:,.0f}"),
            ("ours, the script's kinds, messages a second", f"{len(texts) / same:,.0f}"),
            ("script, messages a second", f"{len(texts) / script:,.0f}"),
            ("script / ours, time", f"{script / redact:.2f}"),
            ("script / ours, checked too, time", f"{script / check:.2f}"),
            ("script / ours, the script's kinds, time", f"{script / same:.2f}"),
        ],
    )


def _timed(side: Callable[[list[str]], object], texts: list[str]) -> float:
    started = time.process_time()
    side(texts)
    return time.process_time() - started


def _redact(texts: list[str]) -> list[str]:
    redact = Redactor(None)
    return [redact(text).text for text in texts]


def _redact_and_check(texts: list[str]) -> list[bool]:
    redact = Redactor(None)
    return [holds_values(done.text, [done]) for done in map(redact, texts)]


def _same_kinds(texts: list[str]) -> int:
    return sum(1 for text in texts for one in _SAME for _ in one.spans(text))


def _script(texts: list[str]) -> list[str]:
    return [_by_hand(text) for text in texts]


def _by_hand(text: str) -> str:
    for pattern, word in _SCRIPT:
        text = pattern.sub(word, text)
    return text


if __name__ == "__main__":
    main()
