"""The last line before a log: what looks like a secret is masked, however it came into a message."""

import re

MASK = "***"
_SECRETS = (
    # The password of a URL, up to the last @ before its path: passwords hold everything else.
    re.compile(r"(?P<kept>\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/]+(?=@)", re.IGNORECASE),
    re.compile(r"(?P<kept>\bBearer\s+)[\w~+/.=-]+", re.IGNORECASE),
    re.compile(
        r"(?P<kept>\b(?:password|passphrase|client_secret|token)\s*[=:]\s*)(?!\*)[^\s,;&\"']+", re.IGNORECASE
    ),
    re.compile(r"(?P<kept>-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?:-----END [A-Z ]*-----|$)", re.DOTALL),
    re.compile(r"(?P<kept>\bvpp-sealing-1:)[^\s]+"),
    # What PostgreSQL quotes of a row that it refused: prices, readings, names.
    re.compile(
        r"(?P<kept>^\s*(?:DETAIL|CONTEXT):\s+).+?(?=\n\s*(?:CONTEXT:|HINT:|\[SQL|\n)|\Z)",
        re.DOTALL | re.MULTILINE,
    ),
    re.compile(r"(?P<kept>)\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+"),  # a JSON Web Token
)
_HINTS = (
    "://",
    "earer",
    "assw",
    "assp",
    "ecret",
    "oken",
    "PRIVATE",
    "vpp-sealing",
    "eyJ",
    "DETAIL:",
    "CONTEXT:",
)
"""Most lines hold none of these, and are not looked at closer."""


def redacted(words: str) -> str:
    """Mask what looks like a secret.

    No code hands a secret to a log; this is for the error text of a library that quotes what it was given.
    What looks like nothing in particular cannot be told from other words, and is not masked.

    Example:
        >>> redacted("cannot reach postgresql+psycopg://hub:s3cr@t@db:5432/vpp")
        'cannot reach postgresql+psycopg://hub:***@db:5432/vpp'
        >>> redacted("authorization: Bearer abc.def"), redacted("site north-1 accepted 50 kW")
        ('authorization: Bearer ***', 'site north-1 accepted 50 kW')
    """
    if not any(hint in words or hint.upper() in words for hint in _HINTS):
        return words
    for secret in _SECRETS:
        words = secret.sub(rf"\g<kept>{MASK}", words)
    return words
