"""HTML to text: what a reader sees, and that nothing can be nested too deep."""

from __future__ import annotations

import time

import pytest

from millrace.data.texts.markup import plain_texts


def plain(page: str) -> str:
    return plain_texts([page])[0]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("v<b>i</b>agra<!-- hidden -->!", "viagra!"),
        ("a<br>b<BR/>c<br clear=all>d", "a\nb\nc\nd"),
        ("<tr><td>1</td><td>2</td></tr>", "1 2"),
        ("<script>if (a<b) x()</script>seen<style>p {}</style>", "seen"),
        ("AT&amp;T &lt;b&gt; &#8364;&eacute;&nbsp;x", "AT&T <b> €é x"),
        ('<img alt="a>b">seen', "seen"),
        ("<a href='x\" >link</a>", "link"),
        ("a\n\n  b\t c", "a b c"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<!-->shown", "shown"),
        ("shown<!-- never ended", "shown"),
        ("<p>a</p>" + "<br>" * 9 + "<p>b</p>", "a\n\nb"),
        ("<param name=x>y", "y"),
        ("", ""),
    ],
)
def test_what_is_seen_of_a_page(page: str, text: str) -> None:
    assert plain(page) == text


def test_references_to_no_character_harm_nothing() -> None:
    assert plain("&#0;&#xD800;&#99999999;" + f"&#{'9' * 10_000};x").encode().endswith(b"x")


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 400_000,
        "".join(f"<font a{n}>" for n in range(150_000)) + "<p>x" * 100_000,
        "<!--" * 500_000,
        "<a " * 600_000,
        '<a b="' * 300_000,
        '<a ">x"' * 250_000,
        "<table><tr><td>" * 130_000,
        "<a " + "".join(f"a{n}=1 " for n in range(250_000)) + ">",
        "<![CDATA[" * 200_000,
        "<script>" * 250_000,
        "&" * 2_000_000,
    ],
    ids=lambda page: page[:12],
)
def test_html_bombs_of_two_megabytes_end_soon(page: str) -> None:
    started = time.process_time()
    plain(page + "end")
    assert time.process_time() - started < 2


def test_pages_beyond_a_batch_keep_their_order() -> None:
    pages = [f"<p>{n}</p>" + "<i></i>" * 300_000 for n in range(5)]
    assert plain_texts(pages) == ["0", "1", "2", "3", "4"]
