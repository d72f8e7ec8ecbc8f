"""`page`: a card as one HTML file that asks the network for nothing and runs nothing.

Every text is escaped: labels, sources and sentences come from data and from people.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from html import escape

from millrace.learning.carding.card import CardDocument, Picture, Section, Table

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1f2933;background:#fff;max-width:52rem;
margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}
h1{font-size:1.6rem;margin:0 0 1rem}h2{font-size:1.15rem;margin:2rem 0 .5rem;
border-bottom:1px solid #e4e7eb;padding-bottom:.2rem}p{margin:.4rem 0}
.notice{background:#fdecea;border-left:4px solid #b2182b;padding:.6rem .9rem;font-weight:600}
dl{display:grid;grid-template-columns:minmax(9rem,max-content) 1fr;gap:.2rem 1.2rem;margin:.6rem 0}
dt{color:#52606d}dd{margin:0}
table{border-collapse:collapse;margin:.8rem 0;font-size:.95rem}
th,td{text-align:left;padding:.25rem 1rem .25rem 0;border-bottom:1px solid #e4e7eb;
vertical-align:top}th{color:#52606d;font-weight:600}
.wide{overflow-x:auto}figure{margin:1rem 0}img{max-width:100%;height:auto}
figcaption{color:#52606d;font-size:.9rem}
@media print{body{margin:0}}
"""


def page(card: CardDocument) -> str:
    """Return the card as HTML."""
    return "\n".join(_lines(card)) + "\n"


def _lines(card: CardDocument) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">'
    yield f"<title>{escape(card.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>"
    yield f"<h1>{escape(card.title)}</h1>"
    if card.notice is not None:
        yield f'<p class="notice">{escape(card.notice)}</p>'
    for section in card.sections:
        yield from _section(section)
    yield "</body>\n</html>"


def _section(section: Section) -> Iterator[str]:
    yield f"<section>\n<h2>{escape(section.title)}</h2>"
    for sentence in section.text:
        yield f"<p>{escape(sentence)}</p>"
    if section.facts:
        pairs = (f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in section.facts)
        yield "<dl>\n" + "\n".join(pairs) + "\n</dl>"
    for table in section.tables:
        yield from _table(table)
    for picture in section.pictures:
        yield _figure(picture)
    yield "</section>"


def _table(table: Table) -> Iterator[str]:
    yield '<div class="wide"><table>'
    yield f"<thead>{_row(table.header, 'th')}</thead>\n<tbody>"
    for row in table.rows:
        yield _row(row, "td")
    yield "</tbody></table></div>"


def _row(cells: Sequence[str], kind: str) -> str:
    return "<tr>" + "".join(f"<{kind}>{escape(cell)}</{kind}>" for cell in cells) + "</tr>"


def _figure(picture: Picture) -> str:
    data = base64.b64encode(picture.path.read_bytes()).decode("ascii")
    caption = escape(picture.caption)
    return (
        f'<figure><img alt="{caption}" src="data:image/png;base64,{data}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )
