"""Whose signatures on access tokens count: public keys of fixed kinds, by their ids."""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from vpp.foundation.errors import InvalidInput

if TYPE_CHECKING:  # joserfc comes with the extra `oauth`
    from joserfc.jwk import KeySet

_ALGORITHMS = {"EC": "ES256", "OKP": "Ed25519", "RSA": "RS256"}
_CURVES = {"EC": "P-256", "OKP": "Ed25519"}
_LEAST_RSA_BITS = 2048
_MOST_KEYS = 50
ALGORITHMS = tuple(_ALGORITHMS.values())
"""Nothing else is ever taken: no `none`, no shared secrets. `EdDSA` is the older name of Ed25519."""


class TokenKeys(Protocol):
    """The keys as they are now."""

    def current(self) -> "KeySet":
        """Return the keys; the same object for as long as they are the same."""
        ...


class OwnKeys:
    """The one key of a hub that gives out tokens itself."""

    def __init__(self, pem: bytes, origin: str) -> None:
        """Read the key.

        Args:
            pem: P-256 private key, PEM.
            origin: Where it is from, for the message.

        Raises:
            InvalidInput: It is no P-256 private key.
        """
        from joserfc.errors import JoseError  # noqa: PLC0415  comes with the extra `oauth`
        from joserfc.jwk import ECKey, KeySet  # noqa: PLC0415  as above

        try:
            key = ECKey.import_key(pem)
        except (JoseError, ValueError, TypeError):
            key = None
        if key is None or not key.is_private or key.as_dict(private=False).get("crv") != _CURVES["EC"]:
            raise InvalidInput(f"{origin} holds no P-256 private key in PEM", origin=origin) from None
        key.ensure_kid()
        self.key: ECKey = key
        self._public = KeySet([ECKey.import_key(_plain(key.as_dict(private=False)))])

    def current(self) -> "KeySet":
        """Return the public half."""
        return self._public

    def document(self) -> dict[str, Any]:
        """Return the public half as a JSON Web Key Set."""
        public: dict[str, Any] = dict(self._public.as_dict(private=False))
        for key in public["keys"]:
            key.update(use="sig", alg=_ALGORITHMS["EC"])
        return public


class IssuerKeys:
    """The keys of an issuer elsewhere, read again when their file changes."""

    def __init__(self, read: Callable[[], bytes | None], origin: str) -> None:
        """Read the keys for the first time.

        Args:
            read: Returns the file's content if it has changed since it was last asked, else None.
            origin: Where it is from, for messages.

        Raises:
            InvalidInput: There are none.
        """
        self._read = read
        self._origin = origin
        content = read()
        if content is None:
            raise InvalidInput(f"{origin} has no keys", origin=origin)
        self._keys = read_key_set(content, origin)

    def current(self) -> "KeySet":
        """Return the keys; the last good ones where the file no longer holds any.

        Raises:
            InvalidInput: The file has changed into something that holds no keys; told once.
        """
        content = self._read()
        if content is not None:
            self._keys = read_key_set(content, self._origin)
        return self._keys


def read_key_set(content: bytes, origin: str) -> "KeySet":
    """Read a JSON Web Key Set of public keys.

    Args:
        content: The document.
        origin: Where it is from, for the message.

    Raises:
        InvalidInput: It is no key set, has a private or shared key, one without an id, an id twice, or
            one of a kind that is not taken.
    """
    from joserfc.errors import JoseError  # noqa: PLC0415  comes with the extra `oauth`
    from joserfc.jwk import JWKRegistry, KeySet  # noqa: PLC0415  as above

    try:
        keys = json.loads(content)["keys"]
        described = [_checked(key) for key in keys]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidInput(f"{origin} is no key set: {error}", origin=origin) from None
    ids = [str(key["kid"]) for key in described]
    if not 1 <= len(ids) <= _MOST_KEYS or len(set(ids)) != len(ids):
        raise InvalidInput(
            f"{origin} holds {len(ids)} keys, expected 1 to {_MOST_KEYS} with ids of their own"
        )
    try:
        return KeySet([JWKRegistry.import_key(key) for key in described])
    except (JoseError, ValueError, TypeError) as error:
        raise InvalidInput(f"{origin} holds a key that is none: {error}", origin=origin) from None


def _checked(key: Mapping[str, Any]) -> dict[str, str | list[str]]:
    kind = key["kty"]
    if kind not in _ALGORITHMS:
        raise ValueError(f"key type {str(kind)[:20]!r}, expected one of {', '.join(_ALGORITHMS)}")
    if "d" in key or "k" in key:
        raise ValueError("a private key, expected public keys alone")
    if not isinstance(key.get("kid"), str) or not key["kid"]:
        raise ValueError("a key without kid")
    if kind in _CURVES and key.get("crv") != _CURVES[kind]:
        raise ValueError(f"curve {str(key.get('crv'))[:20]!r}, expected {_CURVES[kind]}")
    if kind == "RSA" and len(str(key.get("n", ""))) * 6 < _LEAST_RSA_BITS:
        raise ValueError(f"an RSA key of fewer than {_LEAST_RSA_BITS} bits")
    if key.get("use", "sig") != "sig":
        raise ValueError("a key that is not for signatures")
    return _plain(key)


def _plain(key: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """Leave out what would limit the key to an older name of its algorithm."""
    return {name: str(key[name]) for name in ("kty", "kid", "crv", "x", "y", "n", "e") if name in key}
