"""E-mails to texts, against a script of the standard library.

Usage: ``SPAMASSASSIN=<folder of archives> python benchmarks/mail_parsing.py [--rounds 5]``

Ours reads each message, makes text of HTML, repairs encodings and trims; in a second row it also
judges and digests the texts, as cleaning does. The script parses with ``email``, takes plain text,
else HTML by ``html.parser``, and decodes what is declared, else UTF-8, else Latin-1. One core on
either side: parsing holds Python's lock, so more cores mean more processes, for both alike (Airflow
gives each partition one). Messages are in memory; CPU seconds; medians of rounds in turns.
"""

from __future__ import annotations

import argparse
import os
import sys
import tarfile
import time
from collections.abc import Callable
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from html.parser import HTMLParser
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "include"))

import pyarrow as pa
from common import machine, show

from millrace.data.cleaning.reasons import Refusals
from millrace.data.texts.examined import TextExaminer
from millrace.workflow.texts import TextCleaning

_RULES = TextCleaning().model_dump(mode="json")


def main() -> None:
    """Compare the sides."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="default 5")
    arguments = parser.parse_args()
    if not os.environ.get("SPAMASSASSIN"):
        raise SystemExit("set SPAMASSASSIN to the folder with the corpus's archives")
    mails = _mails(Path(os.environ["SPAMASSASSIN"]))
    table = pa.table(
        {"content": pa.array(mails, pa.binary()), "encoding": ["message"] * len(mails)}
    )
    rounds = [
        (
            _timed(lambda: _read(table)),
            _timed(lambda: _clean(table)),
            _timed(lambda: _script(mails)),
        )
        for _ in range(arguments.rounds)
    ]
    read, clean, script = (median(values) for values in zip(*rounds, strict=True))
    size = sum(map(len, mails)) / 1e6
    show(
        f"{len(mails):,} messages of SpamAssassin, {size:.1f} MB ({machine()})",
        [
            ("ours, messages a second", f"{len(mails) / read:,.0f}"),
            ("ours, judged and digested too, messages a second", f"{len(mails) / clean:,.0f}"),
            ("script, messages a second", f"{len(mails) / script:,.0f}"),
            ("script / ours, time", f"{script / read:.2f}"),
            ("script / ours, judged and digested too, time", f"{script / clean:.2f}"),
        ],
    )


def _timed(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _mails(folder: Path) -> list[bytes]:
    mails = []
    for path in sorted(folder.glob("*.tar.bz2")):
        with tarfile.open(path) as archive:
            files = (archive.extractfile(member) for member in archive if member.isfile())
            mails += [file.read() for file in files if file is not None]
    return mails


def _read(table: pa.Table) -> None:
    examine = TextExaminer({"rules": _RULES})
    for part in examine.batches([table]):
        examine(part)


def _clean(table: pa.Table) -> None:
    examine = TextExaminer({"rules": _RULES})
    for part in examine.batches([table]):
        seen = examine(part)
        seen.refuse(Refusals(part.num_rows), _RULES)
        seen.digests()


def _script(mails: list[bytes]) -> list[str]:
    return [_text(message_from_bytes(mail)) for mail in mails]


def _text(mail: Message) -> str:
    plain, html = [], []
    for part in mail.walk():
        if part.get_content_maintype() != "text":
            continue
        if part.get_content_disposition() == "attachment":
            continue
        text = _decoded(part)
        if part.get_content_subtype() == "html":
            html.append(_shown(text))
        else:
            plain.append(text)
    body = "\n".join(plain)
    return f"{_subject(mail)}\n\n{body if body.strip() else ' '.join(html)}"


def _subject(mail: Message) -> str:
    subject = mail["subject"] or ""
    try:
        return str(make_header(decode_header(subject)))
    except (LookupError, ValueError):
        return str(subject)


def _decoded(part: Message) -> str:
    data = part.get_payload(decode=True) or b""
    for charset in (part.get_content_charset("utf-8"), "utf-8"):
        try:
            return data.decode(charset)
        except (LookupError, ValueError):
            continue
    return data.decode("latin-1")


class _Shown(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._hidden += tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"script", "style"} and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)


def _shown(page: str) -> str:
    parser = _Shown()
    parser.feed(page)
    parser.close()
    return " ".join(" ".join(parser.words).split())


if __name__ == "__main__":
    main()
