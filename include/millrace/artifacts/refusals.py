"""`refusal`: what a remote store's answer means where asking again would not help.

By the codes of the S3 protocol and the names of its client's errors, so that no client library is
imported here; other stores are understood by Python's own `PermissionError`.
"""

from __future__ import annotations

from dataclasses import dataclass

from millrace.errors import MillraceError, SpecError, TransientError, distrusted


@dataclass(frozen=True)
class _Meaning:
    """What to tell. `passing`: a retry may help after all."""

    problem: str
    remedy: str
    passing: bool = False


_NONE = _Meaning(
    "there are no credentials for the store",
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, where Millrace is started.",
)
_WRONG = _Meaning(
    "the store does not accept these credentials",
    "Correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_PROFILE) and, where it is not "
    "Amazon's, AWS_ENDPOINT_URL; then start Millrace again.",
)
_OLD = _Meaning(
    "the store's credentials have expired",
    "Get new ones, set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, and start "
    "Millrace again.",
)
_RIGHTS = _Meaning(
    "the store refuses access",
    "Let these credentials list the bucket and get, put and delete objects in it (s3:ListBucket, "
    "s3:GetObject, s3:PutObject, s3:DeleteObject).",
)
_BUCKET = _Meaning(
    "the bucket does not exist",
    "Make it, or correct MILLRACE_STORE (s3://<bucket>/<prefix>) or AWS_ENDPOINT_URL.",
)
_NAME = _Meaning("not a bucket's name", "Correct MILLRACE_STORE: s3://<bucket>/<prefix>.")
_REGION = _Meaning(
    "the bucket is in another region", "Set AWS_DEFAULT_REGION to the bucket's region."
)
_ADDRESS = _Meaning(
    "not the address of a store", "Correct AWS_ENDPOINT_URL: http(s)://<host>:<port>."
)
_TRUST = _Meaning(
    "the store's certificate cannot be trusted",
    "Set AWS_CA_BUNDLE to a file with the certificate of the authority that signed the store's.",
)
_CLOCK = _Meaning(
    "this machine's clock differs too much from the store's", "Set the clock.", passing=True
)
_CONDITIONS = _Meaning(
    "the store cannot write a name only if it is new, which concurrent runs need",
    "Use an S3 service that supports conditional writes (If-None-Match).",
)
_FULL = _Meaning("the store is full", "Free some space in it; it is tried again.", passing=True)

_MEANINGS: dict[str, _Meaning] = {
    "NoCredentialsError": _NONE,
    "PartialCredentialsError": _NONE,
    "ProfileNotFound": _NONE,
    "InvalidAccessKeyId": _WRONG,
    "SignatureDoesNotMatch": _WRONG,
    "InvalidSecurity": _WRONG,
    "ExpiredToken": _OLD,
    "InvalidToken": _OLD,
    "TokenRefreshRequired": _OLD,
    "AccessDenied": _RIGHTS,
    "AllAccessDisabled": _RIGHTS,
    "403": _RIGHTS,
    "NoSuchBucket": _BUCKET,
    "InvalidBucketName": _NAME,
    "ParamValidationError": _NAME,
    "PermanentRedirect": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "301": _REGION,
    "RequestTimeTooSkewed": _CLOCK,
    "NotImplemented": _CONDITIONS,
    "501": _CONDITIONS,
    "XMinioStorageFull": _FULL,
    "QuotaExceeded": _FULL,
    "507": _FULL,
}


def refusal(error: Exception, where: str) -> MillraceError | None:
    """Return the error to raise, or None where the answer is not one that is known here."""
    meaning = _MEANINGS.get(_code(error)) or _MEANINGS.get(type(error).__name__)
    if meaning is None and _is_address(error):
        meaning = _ADDRESS
    if meaning is None and distrusted(error):
        meaning = _TRUST
    if meaning is None and isinstance(error, PermissionError) and not error.filename:
        meaning = _RIGHTS
    if meaning is None:
        return None
    kind = TransientError if meaning.passing else SpecError
    return kind(meaning.problem, where=where, received=error, remedy=meaning.remedy)


def _code(error: BaseException) -> str:
    """Return the code in an S3 answer, from the error or from what it was translated from."""
    for one in (error, error.__cause__):
        response = getattr(one, "response", None)
        if isinstance(response, dict):
            return str(response.get("Error", {}).get("Code", ""))
    return ""


def _is_address(error: Exception) -> bool:
    return isinstance(error, ValueError) and "Invalid endpoint" in str(error)
