"""The one name in a certificate: who its holder is, as a URI.

    spiffe://{trust domain}/hub/{name}                              a hub
    spiffe://{trust domain}/party/{party}/{principal}               somebody who acts for a party
    spiffe://{trust domain}/party/{party}/site/{site}/{principal}   the agent of one site

Anything else is refused, however little it differs: a name that two readers could read in two ways proves
nothing.

Source:
    SPIFFE-ID, section 2: scheme and trust domain in lower case; no user, port, query, fragment or
    percent-encoding; no empty, "." or ".." segments; at most 2048 bytes.
"""

import re
from dataclasses import dataclass
from typing import Self

from vpp.foundation.errors import InvalidInput
from vpp.foundation.names import checked_id

TRUST_DOMAIN_PATTERN = "[a-z0-9][a-z0-9.-]{0,252}"
_TRUST_DOMAIN = re.compile(TRUST_DOMAIN_PATTERN)
_SCHEME = "spiffe://"
_LONGEST = 2048
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class SpiffeName:
    """Whose certificate it is: a hub's, or a principal's of a party, at one of its sites or not.

    Attributes:
        trust_domain: Whose names these are; a certificate of another domain proves nothing here.
        party_id: The party that the principal acts for; None for a hub.
        site_id: The one site of a site agent; None for everyone else.
        principal_id: The principal; None for a hub.
        hub_name: The hub; None for a principal.
    """

    trust_domain: str
    party_id: str | None = None
    site_id: str | None = None
    principal_id: str | None = None
    hub_name: str | None = None

    def __post_init__(self) -> None:
        """Refuse a name that is neither a hub's nor a principal's."""
        if not _TRUST_DOMAIN.fullmatch(self.trust_domain):
            raise InvalidInput(
                f"trust_domain is {_shown(self.trust_domain)}, expected lower-case letters, digits, dots and "
                "hyphens",
                trust_domain=self.trust_domain[:_SHOWN],
            )
        if self.hub_name is not None:
            if (self.party_id, self.site_id, self.principal_id) != (None, None, None):
                raise InvalidInput("a name is a hub's or a principal's, not both")
            checked_id(self.hub_name, "hub_name")
            return
        if self.party_id is None or self.principal_id is None:
            raise InvalidInput("a name needs hub_name, or party_id and principal_id")
        checked_id(self.party_id, "party_id")
        checked_id(self.principal_id, "principal_id")
        if self.site_id is not None:
            checked_id(self.site_id, "site_id")

    @property
    def is_hub(self) -> bool:
        """Whether it names a hub."""
        return self.hub_name is not None

    def __str__(self) -> str:
        """Return the URI.

        Example:
            >>> str(SpiffeName("vpp.example", "north-owner", "north-1", "agent-north-1"))
            'spiffe://vpp.example/party/north-owner/site/north-1/agent-north-1'
            >>> str(SpiffeName("vpp.example", hub_name="hub"))
            'spiffe://vpp.example/hub/hub'
        """
        domain = f"{_SCHEME}{self.trust_domain}"
        if self.hub_name is not None:
            return f"{domain}/hub/{self.hub_name}"
        site = "" if self.site_id is None else f"/site/{self.site_id}"
        return f"{domain}/party/{self.party_id}{site}/{self.principal_id}"

    @classmethod
    def parse(cls, uri: str) -> Self:
        """Read a name.

        Raises:
            InvalidInput: It is not written exactly as one of the three kinds.

        Example:
            >>> SpiffeName.parse("spiffe://vpp.example/party/grid/operator").principal_id
            'operator'
        """
        if len(uri) > _LONGEST or not uri.startswith(_SCHEME):
            raise _refused(uri)
        domain, *path = uri.removeprefix(_SCHEME).split("/")
        try:
            match path:
                case ["hub", hub_name]:
                    return cls(domain, hub_name=hub_name)
                case ["party", party_id, principal_id]:
                    return cls(domain, party_id, None, principal_id)
                case ["party", party_id, "site", site_id, principal_id]:
                    return cls(domain, party_id, site_id, principal_id)
        except InvalidInput:
            raise _refused(uri) from None
        raise _refused(uri)


def _refused(uri: str) -> InvalidInput:
    return InvalidInput(
        f"name is {_shown(uri)}, expected spiffe://domain/hub/name, spiffe://domain/party/party/principal or "
        "spiffe://domain/party/party/site/site/principal",
        name=uri[:_SHOWN],
    )


def _shown(value: str) -> str:
    """Return a value for a message, short: it comes from a stranger's certificate."""
    return repr(value if len(value) <= _SHOWN else f"{value[:_SHOWN]}...")
