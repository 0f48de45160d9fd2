"""Somebody who calls a hub that is tried out, and what the hub's settings say of them."""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class TrialCaller:
    """A principal of a hub that is tried out.

    Attributes:
        principal_id: The principal.
        party_id: The party that it acts for.
        roles: What it may do.
        site_id: The one site of a site agent; None for everyone else.
        folder: Where a site's files go; None for the folder of everybody's.
    """

    principal_id: str
    party_id: str
    roles: tuple[str, ...]
    site_id: str | None = None
    folder: Path | None = None

    def table(self, token: str | None = None) -> dict[str, object]:
        """Return its entry in the hub's settings.

        Args:
            token: How it proves itself on plaintext; None where its certificate does.
        """
        return {
            "principal_id": self.principal_id,
            "party_id": self.party_id,
            "site_id": self.site_id,
            "roles": list(self.roles),
            "token_sha256": None if token is None else hashlib.sha256(token.encode()).hexdigest(),
        }


def site_caller(site_id: str, party_id: str, folder: Path) -> TrialCaller:
    """Return the agent of a site."""
    return TrialCaller(f"agent-{site_id}", party_id, ("site_agent",), site_id, folder)


def write_token(file: Path) -> str:
    """Make a token, write it for its holder alone, and return it."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    file.touch(mode=0o600)
    file.write_text(f"{token}\n", encoding="utf-8")
    return token
