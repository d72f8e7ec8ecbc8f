"""A card in a browser: it asks for nothing, runs nothing, and shows what it was given as text."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from millrace.learning.carding.card import CardDocument, Picture, Section, Table
from millrace.learning.carding.page import page

pytestmark = pytest.mark.browser

CHROMIUM = ["--no-sandbox", "--disable-dev-shm-usage"]
AWAY = "https://away.example"
EVIL = (
    f'"><script src="{AWAY}/x.js"></script><script>alert(1)</script><base href={AWAY}/>'
    f"<img src={AWAY}/i.png onerror=fetch('{AWAY}')><link rel=stylesheet href={AWAY}/c.css>"
    f"<style>@import url({AWAY}/a.css);body{{background:url({AWAY}/b.png)}}</style>"
    f'<meta http-equiv=refresh content="0;url={AWAY}">'
)


def png(path: Path) -> Path:
    """Write one black pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        told = kind + data
        return struct.pack(">I", len(data)) + told + struct.pack(">I", zlib.crc32(told))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


def test_hostile_texts_are_shown_and_nothing_is_asked_of_the_network(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    picture = Picture(png(tmp_path / "one.png"), EVIL)
    section = Section(EVIL, (EVIL,), [(EVIL, EVIL)], [Table([EVIL], [[EVIL]])], [picture])
    card = CardDocument(name="card", title=EVIL, sections=[section], data={}, notice=EVIL)
    path = tmp_path / "card.html"
    path.write_text(page(card), encoding="utf-8")
    asked: list[str] = []
    spoken: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        tab = browser.new_page()
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("dialog", lambda dialog: (spoken.append(dialog.message), dialog.dismiss()))
        tab.on("console", lambda message: spoken.append(message.text))
        tab.goto(path.as_uri())
        tab.wait_for_timeout(500)
        shown = tab.locator("h1").inner_text(), tab.locator("p.notice").inner_text()
        loaded = tab.evaluate("[...document.images].map(one => one.naturalWidth)")
        browser.close()
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
    assert spoken == []
    assert shown == (EVIL, EVIL)
    assert loaded == [1]
