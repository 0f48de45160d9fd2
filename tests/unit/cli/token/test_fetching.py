import json
from pathlib import Path

import pytest

from vpp.cli.token.fetching import FetchedToken, _token_of, fetch_token
from vpp.foundation.errors import InvalidInput, NotPermitted, Overloaded, VppError

NOWHERE = {name: Path("/nowhere") for name in ("authority_file", "certificate_file", "key_file")}


@pytest.mark.parametrize(
    "issuer", ["http://hub.example:8443", "hub.example:8443", "", "https://", "https://a:b@hub.example"]
)
def test_a_token_is_asked_for_over_https_alone(issuer: str) -> None:
    with pytest.raises(InvalidInput, match="expected https://host:port"):
        fetch_token(issuer, "", **NOWHERE)


def test_an_answer_with_a_token_is_read() -> None:
    content = json.dumps({"access_token": "a.b.c", "scope": "dispatcher", "expires_in": 600}).encode()
    assert _token_of("https://hub", 200, content) == FetchedToken("a.b.c", "dispatcher", 600)


@pytest.mark.parametrize(
    ("status", "content", "error"),
    [
        (200, b"{}", Overloaded),
        (200, b"not json", Overloaded),
        (200, b'["access_token"]', Overloaded),
        (200, b"[" * 100_000, Overloaded),
        (429, b'{"error": "temporarily_unavailable"}', Overloaded),
        (503, b'{"error": "x"}', Overloaded),
        (401, b'{"error": "invalid_client"}', NotPermitted),
        (400, b'{"error": "invalid_scope"}', NotPermitted),
        (400, b'{"error": "invalid_request"}', InvalidInput),
        (302, b"<html>", Overloaded),
    ],
)
def test_an_answer_without_one_says_what_to_do(status: int, content: bytes, error: type[VppError]) -> None:
    with pytest.raises(error, match="https://hub"):
        _token_of("https://hub", status, content)
