import io
import json
import logging

import pytest

from vpp.foundation.log_format import log_handler
from vpp.foundation.redaction import redacted

CANARY = "N0body-knows_this"
CANARIES = (
    f"postgresql+psycopg://vpp:{CANARY}@db/vpp refused",
    f"could not parse 'postgresql://vpp:{CANARY}@h:1@db:x/vpp'",
    f"authorization: bearer {CANARY}.{CANARY}",
    f"password={CANARY}; host=db",
    f"Passphrase: {CANARY}",
    f"-----BEGIN EC PRIVATE KEY-----\n{CANARY}\n-----END EC PRIVATE KEY-----",
    f"-----BEGIN PRIVATE KEY-----\n{CANARY}",
    f"violates check\nDETAIL:  Failing row contains (a,\n{CANARY}).\n[SQL: INSERT INTO bids]",
    f"DETAIL:  Key (a)=(b) exists.\nCONTEXT:  COPY pieces, line 1: {CANARY}",
    f"line 1 is vpp-sealing-1:{CANARY}",
    f"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.{CANARY}",
)


@pytest.mark.parametrize("canary", CANARIES)
def test_what_looks_like_a_secret_is_masked(canary: str) -> None:
    assert CANARY not in redacted(canary)
    assert "***" in redacted(canary)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "see https://example.org:8443/metrics",
        "database user vpp lacks rights",
        "give a valid token with --token-file or VPP_TOKEN_FILE",
        "spiffe://vpp.example/party/grid/operator is suspended",
    ],
)
def test_other_words_stay_as_they_are(words: str) -> None:
    assert redacted(words) == words


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("canary", CANARIES)
def test_neither_a_line_nor_a_traceback_shows_one(canary: str, log_format: str) -> None:
    stream = io.StringIO()
    handler = log_handler(stream, "json" if log_format == "json" else "text")
    error = ValueError(canary)
    about = (type(error), error, None)
    handler.emit(logging.LogRecord("vpp", logging.ERROR, "", 1, "failed: %s", (canary,), about))
    assert CANARY not in stream.getvalue()
    assert "failed" in stream.getvalue()
    if log_format == "json":
        json.loads(stream.getvalue())
