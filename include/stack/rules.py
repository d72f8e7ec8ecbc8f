"""The secrets of the stack: their names, how each is generated, and which values are refused.

Knows no files and prints nothing; a refusal names variables, never values.
"""

from __future__ import annotations

import base64
import re
import secrets

FERNET = "AIRFLOW_FERNET_KEY"
ACCESS_KEY = "AWS_ACCESS_KEY_ID"
PRIVACY_KEY = "MILLRACE_PRIVACY_KEY"
MASTER_KEYS = "MILLRACE_MASTER_KEY"
STORE_SECRET = "AWS_SECRET_ACCESS_KEY"  # noqa: S105  the variable's name
SECRETS = (
    "POSTGRES_SUPERUSER_PASSWORD",
    "AIRFLOW_DATABASE_PASSWORD",
    "CATALOG_DATABASE_PASSWORD",
    "PREDICTIONS_DATABASE_PASSWORD",
    "REDIS_PASSWORD",
    "AIRFLOW_ADMIN_PASSWORD",
    "AIRFLOW_JWT_SECRET",
    "AIRFLOW_API_SECRET_KEY",
    "FLOWER_PASSWORD",
    FERNET,
    PRIVACY_KEY,
    MASTER_KEYS,
    ACCESS_KEY,
    STORE_SECRET,
)
"""Every variable that must hold a secret, in the order of `.env.example`."""

_KEY = 32  # bytes of a key of pseudonyms, at least, and of a master key

SHORTEST = 16  # characters of a secret

_EXAMPLE = re.compile(
    r"change.?(me|it)|example|placeholder|replace.?(me|it)|your.|generate|insert|fill.?(me|in)|todo"
    r"|123456|<|>",
    re.IGNORECASE,
)
_COMMON = re.compile(
    r"password|passwd|secret|admin|airflow|millrace|postgres|redis|catalog|predictions|minio|"
    r"flower|fernet|default|token|test|user|root|key",
    re.IGNORECASE,
)
_URL_SAFE = re.compile(r"[A-Za-z0-9._~-]+\Z")
_STORE_SAFE = re.compile(r"[A-Za-z0-9._~+/=-]+\Z")  # Amazon's keys; they stand in no URL


class RefusedError(Exception):
    """The settings cannot be used; the text says which and what to do."""


def check(values: dict[str, str]) -> None:
    """Refuse secrets that must not be used.

    Args:
        values: of the variables, by name; a missing one counts as empty.

    Raises:
        RefusedError: names each variable that is refused, and why.
    """
    problems = {name: problem(name, values.get(name, "")) for name in SECRETS}
    wrong = [f"  {name} {why}" for name, why in problems.items() if why]
    if wrong:
        raise RefusedError(
            "The stack does not start with these settings of .env:\n"
            + "\n".join(wrong)
            + "\nMake the value empty and run `make stack`, which generates one; or set one of "
            f"your own: at least {SHORTEST} of letters, digits, - _ . ~"
        )


def problem(name: str, value: str) -> str:
    """Return why a secret is refused, as the end of a sentence; empty where it is not."""
    if not value:
        return "is empty"
    if _EXAMPLE.search(value) or len(_COMMON.sub("", value)) < 3:
        return "is left at an example value"
    if name == FERNET:
        return "" if _is_fernet(value) else "is no Fernet key (32 bytes in URL-safe base64)"
    if name in (PRIVACY_KEY, MASTER_KEYS):
        return _no_key(name, value)
    if name == ACCESS_KEY:  # a name, which services limit to as few as 3 characters
        return "" if _STORE_SAFE.match(value) else "has characters that no access key has"
    return _weakness(value, _STORE_SAFE if name == STORE_SECRET else _URL_SAFE)


def _weakness(value: str, allowed: re.Pattern[str]) -> str:
    if not allowed.match(value):
        return "has characters that do not fit into a URL"
    if len(value) < SHORTEST:
        return f"is shorter than {SHORTEST} characters"
    if len(_COMMON.sub("", value)) < SHORTEST // 2 or len(set(value)) < SHORTEST // 2:
        return "is easy to guess"
    return ""


def _no_key(name: str, value: str) -> str:
    """Return why a value is no key; there may be several master keys, the first of which wraps."""
    several = name == MASTER_KEYS
    keys = [_bytes(word) for word in (re.split(r"[,\s]+", value) if several else [value])]
    if all(len(key) == _KEY if several else len(key) >= _KEY for key in keys):
        return "" if all(len(set(key)) > SHORTEST // 2 for key in keys) else "is easy to guess"
    length = f"{_KEY} bytes" if several else f"at least {_KEY} bytes"
    return f"is no key: {length} in hexadecimal digits or base64"


def _bytes(text: str) -> bytes:
    """Return what hexadecimal digits or base64 stand for; nothing where it is neither."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        pass
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def _is_fernet(value: str) -> bool:
    try:
        key = base64.b64decode(value, altchars=b"-_", validate=True)
    except ValueError:
        return False
    return len(key) == 32 and len(set(key)) > SHORTEST // 2


def generate(name: str) -> str:
    """Return a new value for one of `SECRETS`, with 80 bits of chance at the least."""
    while True:  # chance writes example values, too
        made = _generate(name)
        if not problem(name, made):
            return made


def _generate(name: str) -> str:
    if name == FERNET:
        return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    if name in (PRIVACY_KEY, MASTER_KEYS):
        return secrets.token_hex(_KEY)
    return secrets.token_hex(10) if name == ACCESS_KEY else secrets.token_urlsafe(32)
