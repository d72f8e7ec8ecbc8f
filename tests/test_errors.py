from __future__ import annotations

import pickle

import pytest

from millrace.errors import DataError, ExitCode, MillraceError, TransientError, redact


def test_the_sentence_says_what_where_expected_received_and_what_to_do() -> None:
    error = DataError("wrong magic", where="a.gz", expected=2051, received=7, remedy="Check it.")
    assert str(error) == "a.gz: wrong magic; expected 2051; received 7. Check it."


def test_a_sentence_stays_short_however_large_the_data() -> None:
    assert len(str(DataError("x" * 10_000, received=list(range(100_000))))) < 1_500


@pytest.mark.parametrize("received", [None, "x" * 1_000])
def test_an_error_crosses_processes(received: str | None) -> None:
    error = TransientError("down", where="s3", received=received, remedy="Wait.")
    rebuilt = MillraceError.from_document(error.to_document())
    copied = pickle.loads(pickle.dumps(error))
    assert type(rebuilt) is type(copied) is TransientError
    assert str(rebuilt) == str(copied) == str(error)
    assert rebuilt.exit_code == ExitCode.RETRY


def test_what_a_terminal_would_obey_or_hide_is_shown() -> None:
    error = DataError("no\x1b[2Jcolumn", where="a\u202eb", expected="\u200b", received="x\x9b\ry")
    assert str(error) == r"a\u202eb: no\x1b[2Jcolumn; expected \u200b; received x\x9b\ry."
    assert str(MillraceError.from_document(error.to_document())) == str(error)
    assert str(DataError("שלום 👩\u200d🔧\n\tnext")) == "שלום 👩\u200d🔧\n\tnext."


def test_credentials_in_uris_are_not_repeated() -> None:
    error = DataError("gone", where="https://me:secret@host/a.gz?sig=secret", received="s3://k:s@b")
    assert "secret" not in str(error)
    assert "https://…@host/a.gz?…" in str(error)


@pytest.mark.parametrize("password", ["sec/ret", "sec@ret", "sec/r@et", "s:ecret"])
def test_a_password_that_nobody_escaped_is_not_repeated(password: str) -> None:
    assert redact(f"postgresql://me:{password}@host:5432/db") == "postgresql://…@host:5432/db"


@pytest.mark.parametrize(
    "uri",
    [
        "http://host:8080/@scope/a",
        "s3://bucket/a@b",
        "file:///a:b@c",
        "postgresql://<user>:<password>@<host>/<database>",
    ],
)
def test_a_uri_without_credentials_stays(uri: str) -> None:
    assert redact(uri) == uri


def test_redacting_is_quick_however_long_the_text() -> None:
    for text in ("x" * 1_000_000, "://" * 300_000, "://a?" * 200_000):
        assert len(redact(text)) > 0
