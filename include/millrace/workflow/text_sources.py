"""What a spec says of sources of texts, e-mails and records of tables."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from millrace.workflow.folder_sources import Column, Folder
from millrace.workflow.source import Source

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""Hexadecimal digest of a file."""


def _is_charset(name: str) -> str:
    try:
        if name == "auto" or "a".encode(name).decode(name) == "a":
            return name
    except (LookupError, ValueError):
        pass
    raise ValueError("auto, or a text encoding that Python knows, such as utf-8 or latin-1")


Charset = Annotated[str, AfterValidator(_is_charset)]
"""How characters are bytes: ``auto`` takes UTF-8, or what a byte order mark says, and Windows-1252
for a line (of a folder: a file) that is neither; else a name of Python's, such as ``latin-1``."""


def _different(*columns: Column | None) -> None:
    """Raise `ValueError` where one column is to be two things."""
    named = [column for column in columns if column is not None]
    if len(set(named)) < len(named):
        raise ValueError("text, label and group must be different columns")


class DelimitedSource(Source):
    """A text table (CSV, TSV): a text a row, or a record of a table.

    A row with another number of columns than the others is refused into quarantine. Without `text`
    a record has every column but the label's and the group's; its values stay
    texts, without white space around them, and an empty one is missing.

    Attributes:
        uri: of the file, gzip-compressed or not; may hold ``${VARIABLE:-default}``.
        sha256: digest of the file at `uri`.
        text: column of the text; null makes every row a record of a table.
        label: column of the label; null where there is none.
        group: column whose equal values (a sender, a patient) stay on one side of the split.
        header: whether the first row names the columns; ``auto`` looks.
        delimiter: one character; ``auto`` looks for a comma, semicolon, tab or bar.
        quoting: whether ``"`` around a field is no part of it, so that the field can hold
            delimiters and line breaks; ``auto`` looks. False takes quotes as they are.
        encoding: see `Charset`.
    """

    kind: Literal["delimited"]
    uri: str
    sha256: Sha256 | None = None
    text: Column | None = None
    label: Column | None = None
    group: Column | None = None
    header: Literal["auto"] | bool = "auto"
    delimiter: str = Field("auto", pattern=r"^(auto|[\t !#-/:-@\[-`{-~])$")
    quoting: Literal["auto"] | bool = "auto"
    encoding: Charset = "auto"

    @model_validator(mode="after")
    def _columns_differ(self) -> Self:
        _different(self.text, self.label, self.group)
        return self


class JsonLinesSource(Source):
    """A JSON object a line: a text, or a record of a table.

    A field is named by its key, or by the keys to it, between dots. Without `text` a record has
    every field but the label's and the group's, those of inner objects by their dotted names;
    numbers and truth values keep their type.

    Attributes:
        uri: of the file, gzip-compressed or not; may hold ``${VARIABLE:-default}``.
        sha256: digest of the file at `uri`.
        text: field of the text; null makes every object a record of a table.
        label: field of the label; null where there is none.
        group: field whose equal values stay on one side of the split.
    """

    kind: Literal["jsonl"]
    uri: str
    sha256: Sha256 | None = None
    text: str | None = None
    label: str | None = None
    group: str | None = None

    @model_validator(mode="after")
    def _fields_differ(self) -> Self:
        _different(self.text, self.label, self.group)
        return self


class _Files(Source):
    """What folders of text files and of messages have.

    Attributes:
        uri: a folder, a .zip or .tar archive (plain, .gz, .bz2 or .xz), or a remote folder such as
            ``s3://bucket/mail/``; may hold ``${VARIABLE:-default}``.
        folder: path below `uri`, or within the archive, whose subfolders are the classes.
        labels: ``subfolders`` takes the first subfolder that a file lies in for its class; in an
            archive, folders around all classes do not count. Null has no labels.
        label: the class of every file, whatever its folder.
        sha256: digest of the file at `uri`.
    """

    uri: str
    folder: Folder = ""
    labels: Literal["subfolders"] | None = "subfolders"
    label: str | None = Field(None, min_length=1)
    sha256: Sha256 | None = None


class TextFolderSource(_Files):
    """Text files, one text each, in a folder a class. Hidden files are left out.

    Attributes:
        pattern: shell pattern of the files to read; with a slash it is matched against the path.
            Case is ignored.
        encoding: see `Charset`.
    """

    kind: Literal["text_folder"]
    pattern: str = Field("*.txt", min_length=1)
    encoding: Charset = "auto"


class EmailSource(_Files):
    """Raw e-mails: a file each in folders, archives and Maildirs, or one mbox file.

    Left out, and counted in the log, are hidden files, files named ``cmds``, a Maildir's ``tmp``,
    and archives and mbox files among the messages: each of those is a source of its own.

    Attributes:
        uri: also of an mbox file, gzip-compressed or not.
        group: ``sender`` keeps all messages of a sender's address on one side of the split.
    """

    kind: Literal["email"]
    group: Literal["sender"] | None = None


class SqlSource(Source):
    """The rows of a query of a database: a text each, or a record of a table.

    The rows are read in the order of `key` and cut into partitions by its values, so that rows
    that are added later make new partitions only. The database is only read.

    Attributes:
        uri: SQLAlchemy URL, such as ``postgresql://${DB_USER}:${DB_PASSWORD}@host/shop`` or
            ``sqlite:///data/shop.db``; what stands in ``${}`` never leaves the job.
        connection: id of an Airflow connection instead of `uri`, whose URI stands in the variable
            ``AIRFLOW_CONN_<ID>``.
        query: one SELECT, without parameters.
        key: column of the result that no two rows share: whole numbers or texts, never null.
        text: column of the text; null makes every row a record of a table with all
            columns but the key's, the label's and the group's.
        label: column of the label; null where there is none.
        group: column whose equal values stay on one side of the split.
    """

    kind: Literal["sql"]
    uri: str | None = Field(None, min_length=1)
    connection: str | None = Field(None, pattern=r"^[A-Za-z0-9_.\-]{1,250}$")
    query: str = Field(min_length=1)
    key: str
    text: str | None = None
    label: str | None = None
    group: str | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if (self.uri is None) == (self.connection is None):
            raise ValueError("either uri or connection")
        _different(self.text, self.label, self.group)
        return self


class SampleSource(Source):
    """A sample that Millrace generates, so that a workflow runs without a download.

    Its messages are made by rules, not written by people: figures on it say nothing of real ones.

    Attributes:
        dataset: ``sms``, short messages that are ham or spam.
    """

    kind: Literal["sample"]
    dataset: Literal["sms"] = "sms"
