"""Who may call the hub, as its owner sets it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from vpp.hub.setting_types import Group, Id
from vpp.workflows.identity import CHANGES_READINGS, SEES_EVERYTHING, Role

HAS_AN_INTEREST = frozenset(Role) - {Role.ADMINISTRATOR}
"""Roles that nobody has who decides who may call: every other one takes part in the market or looks at it."""
_SITE = frozenset({Role.SITE_OWNER, Role.SITE_AGENT})


class PrincipalSettings(Group):
    """Somebody who may call the hub.

    Attributes:
        principal_id: Name in the audit record, and last part of the name in its certificate.
        party_id: The party that the caller acts for; one of the parties.
        site_id: The one site of a site agent.
        person_id: Who stands behind it, where one person has several principals; else itself.
        roles: What the caller may do.
        token_sha256: SHA-256 of the bearer token, in hexadecimal; without TLS alone.
        token_file: File that holds the token itself, in place of its SHA-256.
    """

    principal_id: Id
    party_id: Id
    site_id: Id | None = None
    person_id: Id | None = None
    roles: frozenset[Role] = Field(min_length=1)
    token_sha256: str | None = Field(default=None, pattern="^[0-9a-fA-F]{64}$")
    token_file: Path | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.token_sha256 is not None and self.token_file is not None:
            raise ValueError(f"principal {self.principal_id} has both token_sha256 and token_file")
        if (Role.SITE_AGENT in self.roles) != (self.site_id is not None):
            raise ValueError(f"principal {self.principal_id}: site_id goes with the role site_agent alone")
        fault = fault_of(self.roles)
        if fault:
            raise ValueError(f"principal {self.principal_id}: {fault}")
        return self


def fault_of(roles: frozenset[Role]) -> str:
    """Return why nobody may have all of these roles; empty if somebody may."""
    if Role.SETTLEMENT_OFFICER in roles and roles & CHANGES_READINGS:
        return "who brings readings in does not settle them"
    if Role.METER_DATA_MANAGER in roles and roles & _SITE:
        return "who brings the utility's readings in is not paid by them"
    if roles & SEES_EVERYTHING and roles & _SITE:
        return "who settles or audits sees what every site sells, and so sells nothing"
    if Role.ADMINISTRATOR in roles and roles & HAS_AN_INTEREST:
        return "who decides who may call neither buys, sells, settles nor audits"
    return ""


def check_people(principals: Iterable[PrincipalSettings]) -> None:
    """Refuse a person who has in several principals what nobody may have in one.

    Raises:
        ValueError: The message names the person and the principals.
    """
    of_person: dict[str, list[PrincipalSettings]] = {}
    for one in principals:
        of_person.setdefault(one.person_id or one.principal_id, []).append(one)
    for person, own in of_person.items():
        fault = fault_of(frozenset().union(*(one.roles for one in own)))
        if fault:
            names = ", ".join(sorted(one.principal_id for one in own))
            raise ValueError(f"person {person}, behind the principals {names}: {fault}")
