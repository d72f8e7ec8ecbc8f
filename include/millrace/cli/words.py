"""Short texts for people: a database without its password."""

from __future__ import annotations


def without_password(url: str) -> str:
    """Return a SQLAlchemy URL with its password hidden, wherever it stands."""
    from sqlalchemy.engine import make_url

    parsed = make_url(url)
    secret = dict.fromkeys({"password", "passfile"} & set(parsed.query), "***")
    return parsed.update_query_dict(secret).render_as_string(hide_password=True)
