"""Access tokens of every kind, right and wrong, made for tests."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from vpp.foundation.clock import Clock
from vpp.rpc.access_tokens import AccessTokens, TokenRules, thumbprint
from vpp.rpc.token_keys import OwnKeys, TokenKeys
from vpp.workflows.identity import Principal, Role

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ISSUER = "https://tokens.example"
BOTH = frozenset({Role.MARKET_OPERATOR, Role.DISPATCHER})
ANNA = Principal("anna", "grid", None, BOTH, "anna-jones")
GATEWAY = Principal("gateway", "grid", None, frozenset({Role.DISPATCHER}))
RIVAL = Principal("rival", "rival-grid", None, BOTH)
AGENT = Principal("agent", "grid", "site-a", frozenset({Role.SITE_AGENT}))
KNOWN = {one.principal_id: one for one in (ANNA, GATEWAY, RIVAL, AGENT)}
FINGERPRINT = "ab" * 32
RULES = TokenRules(ISSUER, "vpp-hub", timedelta(hours=1), timedelta(seconds=2))


def key_pem(curve: ec.EllipticCurve | None = None) -> bytes:
    """Make a private key."""
    key = ec.generate_private_key(curve or ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def claims(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  right and wrong ones
    """Return what a good token says, with changes; a change to None leaves a claim out."""
    issued = round(NOW.timestamp())
    good = {
        "iss": ISSUER,
        "aud": "vpp-hub",
        "sub": "anna",
        "client_id": "anna",
        "iat": issued,
        "exp": issued + 600,
        "scope": "market_operator dispatcher",
        "cnf": {"x5t#S256": thumbprint(FINGERPRINT)},
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def signed(
    keys: OwnKeys, said: Mapping[str, Any], header: Mapping[str, Any] | None = None, by: ECKey | None = None
) -> str:
    """Sign a token."""
    wanted = {"alg": "ES256", "typ": "at+jwt", "kid": keys.key.kid} | (header or {})
    wanted = {name: value for name, value in wanted.items() if value is not None}
    return jwt.encode(wanted, dict(said), by or keys.key, algorithms=["ES256"])


def signed_as_it_is(keys: OwnKeys, said: Mapping[str, Any], header: Mapping[str, Any]) -> str:
    """Sign a token whose header the library would refuse to write."""
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, said)]
    content = b".".join(parts)
    numbers = decode_dss_signature(keys.key.private_key.sign(content, ec.ECDSA(hashes.SHA256())))
    signature = urlsafe_b64encode(b"".join(number.to_bytes(32) for number in numbers)).rstrip(b"=")
    return (content + b"." + signature).decode("ascii")


class ChangingKeys:
    """Keys that a test exchanges."""

    def __init__(self, keys: KeySet) -> None:
        self.keys = keys

    def current(self) -> KeySet:
        """Return the keys of the moment."""
        return self.keys


def checker(keys: TokenKeys, clock: Clock) -> AccessTokens:
    """Return what checks tokens."""
    return AccessTokens(RULES, keys, KNOWN, clock)
