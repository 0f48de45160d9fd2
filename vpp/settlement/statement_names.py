"""What parties and sites are called by people; settlement itself knows them by their ids."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StatementNames:
    """Names for people, on summaries and printed statements.

    Attributes:
        party_name: The statement's party; empty if it is not known.
        site_names: Names by site id.
    """

    party_name: str = ""
    site_names: Mapping[str, str] = field(default_factory=dict)
