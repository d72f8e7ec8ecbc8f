"""`PrivateRecords`: RAW records of people without what tells who they are, checked one by one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from email.utils import getaddresses
from typing import Any, NamedTuple

import pyarrow as pa

from millrace.data.encoding import MESSAGE, ROW, TEXT, UNREADABLE, unreadable
from millrace.data.schemas import RAW
from millrace.data.sources.partition import Partition
from millrace.data.sources.row_json import row_json
from millrace.data.texts.message import read_message
from millrace.data.texts.read import text_of
from millrace.privacy.certificate import Certificate
from millrace.privacy.pseudonyms import Pseudonyms
from millrace.privacy.recognisers.redact import LIMITS, Redacted, Redactor, holds_values

CHECK = "no recognised value is found again, and nothing more is recognised"

_PEOPLE = ("from", "to", "cc", "bcc", "reply-to", "sender")
_ADDRESSES = (*_PEOPLE, "return-path", "delivered-to", "x-original-to")


class _Made(NamedTuple):
    """What becomes of a content.

    Attributes:
        actions: what was done, by what to.
        redacted: of its texts; what was taken out may not be in `content`.
        searched: the text that is checked.
    """

    content: bytes
    encoding: str
    actions: Counter[tuple[str, str]]
    redacted: tuple[Redacted, ...]
    searched: str


class PrivateRecords:
    """Makes records that may be stored.

    Args:
        privacy: values of `millrace.workflow.privacy.Privacy`.
        learnt: ``headers`` of messages and ``columns`` of tables that are learnt from.
    """

    def __init__(
        self, privacy: Mapping[str, Any], learnt: Mapping[str, Any], pseudonyms: Pseudonyms
    ) -> None:
        self._named = privacy["recognised"] == "pseudonyms"
        self._redact = Redactor(pseudonyms if self._named else None)
        self._pseudonyms = pseudonyms
        self._headers: tuple[str, ...] = tuple(learnt.get("headers") or ())
        columns = dict.fromkeys(learnt.get("columns") or (), "recognise")
        self._columns: dict[str, str] = columns | dict(privacy["columns"])

    @property
    def options(self) -> list[str]:
        """What was chosen, in words."""
        kept = ", ".join(("subject", *self._headers))
        said = "keyed pseudonyms" if self._named else "tokens"
        found = [f"recognised values become {said}", f"of e-mails are kept: {kept}, texts"]
        if self._columns:
            chosen = (f"{name} ({action})" for name, action in sorted(self._columns.items()))
            found.append(f"of tables are kept: {', '.join(chosen)}")
        return found

    @property
    def limits(self) -> tuple[str, ...]:
        """What is not found."""
        return LIMITS

    def of(self, table: pa.Table, partition: Partition, certificate: Certificate) -> pa.Table:
        """Return the records of a RAW table as they may be stored, and count what was done."""
        rows = [self._row(row, partition, certificate) for row in table.to_pylist()]
        return pa.Table.from_pylist(rows, schema=RAW)

    def corrected(
        self, new: tuple[bytes | None, str], was: tuple[bytes | None, str]
    ) -> tuple[bytes, str]:
        """Return a content, with its encoding, that a person put in place of another.

        Values of a table's record that the stored one has stay: they went through here before.

        Raises:
            ValueError: it cannot be read, or a check fails; the message quotes nothing.
        """
        made = self._made(*new, stored=was[0] if was[1] == ROW else None)
        if holds_values(made.searched, made.redacted):
            raise ValueError(f"fails a check: {CHECK}")
        return made.content, made.encoding

    def _row(
        self, row: dict[str, Any], partition: Partition, certificate: Certificate
    ) -> dict[str, Any]:
        source, group = row["source"], row["group"]
        name = f"{row['position']:09d}"
        if partition.member is not None or row["record_id"] != f"{source}/{name}":
            name = self._pseudonyms.name("record", row["record_id"])
        named = {
            **row,
            "record_id": f"{source}/{name}",
            "origin": f"{source}#{name}",
            "group": None if group is None else self._pseudonyms.patient(group),
        }
        content, encoding = self._content(row, certificate)
        label = None if content is None else row["label"]  # which may be why there is none
        return {**named, "label": label, "content": content, "encoding": encoding}

    def _content(
        self, row: Mapping[str, Any], certificate: Certificate
    ) -> tuple[bytes | None, str]:
        try:
            made = self._made(row["content"], row["encoding"])
        except ValueError:
            reason = "the record cannot be read, and so not be de-identified"
            certificate.withhold(reason)
            return None, unreadable(reason)
        if row["group"] is not None:
            made.actions["group", "pseudonymised"] += 1
        if holds_values(f"{made.searched}\n{row['label'] or ''}", made.redacted):
            reason = f"a check failed: {CHECK}"
            certificate.withhold(reason)
            return None, unreadable(reason)
        certificate.store(made.actions, [(CHECK, True)])
        return made.content, made.encoding

    def _made(self, content: bytes | None, encoding: str, stored: bytes | None = None) -> _Made:
        """Return what of a content may be stored.

        Args:
            stored: a table's record that went through here before.

        Raises:
            ValueError: it cannot be read.
        """
        if content is None or encoding.startswith(UNREADABLE):
            raise ValueError("no content")
        if encoding == MESSAGE:
            return self._message(content)
        if encoding == ROW:
            return self._record(content, stored)
        if encoding == TEXT:
            return self._text(content.decode("utf-8"))
        raise ValueError("no text")

    def _text(self, text: str, people: Iterable[str] = ()) -> _Made:
        done = self._redact(text, people)
        return _Made(done.text.encode(), TEXT, self._counts(done), (done,), done.text)

    def _message(self, content: bytes) -> _Made:
        """Return the text that is learnt of a message, without the names that its headers say."""
        said = read_message(content, _ADDRESSES).headers
        pairs = getaddresses([line.partition(": ")[2] for line in said])
        people = [name for name, _ in pairs if name]
        mail = read_message(content, self._headers)
        made = self._text(text_of(mail), people)
        made.actions["headers of e-mails that hold addresses", "removed"] += len(said)
        if mail.attachments:
            made.actions["attachments", "removed"] += mail.attachments
        return made

    def _record(self, content: bytes, stored: bytes | None) -> _Made:
        record: dict[str, Any] = json.loads(content)
        before: dict[str, Any] = json.loads(stored or b"{}")
        actions: Counter[tuple[str, str]] = Counter()
        redacted: list[Redacted] = []
        kept: list[tuple[str, Any]] = []
        for name, value in record.items():
            action = self._columns.get(name, "drop")
            if action == "drop":
                actions["columns that are not learnt from", "removed"] += 1
                continue
            if name not in before or before[name] != value:
                value = self._value(value, action, actions, redacted)
            kept.append((name, value))
        texts = [
            value
            for name, value in kept
            if isinstance(value, str) and self._columns[name] == "recognise"
        ]
        return _Made(row_json(kept), ROW, actions, tuple(redacted), "\n".join(texts))

    def _value(
        self,
        value: Any,
        action: str,
        actions: Counter[tuple[str, str]],
        redacted: list[Redacted],
    ) -> Any:
        """Return what of a column's value is kept."""
        if action == "pseudonymise" and value is not None:
            actions["columns", "pseudonymised"] += 1
            return self._pseudonyms.name("value", str(value))
        if action == "recognise" and isinstance(value, str):
            done = self._redact(value)
            redacted.append(done)
            actions.update(self._counts(done))
            return done.text
        return value

    def _counts(self, done: Redacted) -> Counter[tuple[str, str]]:
        action = "pseudonymised" if self._named else "replaced"
        return Counter({(name, action): count for name, count in done.counts.items()})
