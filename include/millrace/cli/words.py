"""Short texts for people: what a job reported, a database without its password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FIGURES = (
    ("loss", "loss", "{:.4f}"),
    ("accuracy", "accuracy", "{:.4f}"),
    ("validation_loss", "val loss", "{:.4f}"),
    ("validation_accuracy", "val accuracy", "{:.4f}"),
    ("rate", "records/s", "{:,.0f}"),
)


def progress(event: Mapping[str, Any]) -> str:
    """Return a job's event in one line, e.g. ``epoch 3/12  loss 0.1234  accuracy 0.9812``."""
    parts = []
    if "epoch" in event:
        parts.append(f"epoch {event['epoch']}/{event.get('epochs', '?')}")
    for name, title, form in _FIGURES:
        value = event.get(name)
        if isinstance(value, int | float):
            parts.append(f"{title} {form.format(value)}")
    if not parts:
        parts = [f"{k} {v}" for k, v in event.items() if isinstance(v, str | int) and k != "at"]
    return "  ".join(parts)


def without_password(url: str) -> str:
    """Return a SQLAlchemy URL with its password hidden, wherever it stands."""
    from sqlalchemy.engine import make_url

    parsed = make_url(url)
    secret = dict.fromkeys({"password", "passfile"} & set(parsed.query), "***")
    return parsed.update_query_dict(secret).render_as_string(hide_password=True)
