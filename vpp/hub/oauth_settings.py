"""What the hub's owner sets about OAuth2 access tokens. Needs the extra: pip install vpp[oauth]."""

from datetime import timedelta
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from vpp.hub.setting_types import Group, Wait


class OauthSettings(Group):
    """Whose access tokens the hub takes beside a certificate, and whether it gives out its own.

    Attributes:
        issuer: Who gives tokens out, an https URL that a token's `iss` equals; absent takes none.
        audience: What a token's `aud` contains if it is meant for this hub.
        jwks_file: Public keys of the issuer, a JSON Web Key Set; read again when it changes.
        key_file: P-256 private key, PEM, if the hub gives out tokens itself.
        listen_address: Where tokens are given out, an address of a network interface.
        port: TCP port of it; 0 lets the system choose.
        port_file: Where the bound port is written, for those who let the system choose.
        token_lifetime: How long a token of the hub's own is good; never longer than its certificate.
        longest_lifetime: A token that is good for longer is refused, whoever gave it out.
        clock_allowance: How far the issuer's clock may be off.
    """

    issuer: str | None = Field(default=None, pattern=r"^https://[^\s?#]{1,500}$")
    audience: str = Field(default="vpp-hub", min_length=1, max_length=200)
    jwks_file: Path | None = None
    key_file: Path | None = None
    listen_address: str = "127.0.0.1"
    port: int = Field(default=8443, ge=0, le=65535)
    port_file: Path | None = None
    token_lifetime: Wait = timedelta(minutes=10)
    longest_lifetime: Wait = timedelta(hours=1)
    clock_allowance: Wait = timedelta(seconds=2)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.issuer is None and (self.jwks_file is not None or self.key_file is not None):
            raise ValueError("jwks_file and key_file go with issuer")
        if self.issuer is not None and (self.jwks_file is None) == (self.key_file is None):
            raise ValueError(
                "issuer needs either jwks_file, with the keys of an issuer elsewhere, or key_file, for the "
                "hub to give out tokens itself"
            )
        if self.token_lifetime > self.longest_lifetime:
            raise ValueError("token_lifetime is longer than longest_lifetime")
        return self
