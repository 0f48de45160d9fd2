"""What all lines of one version of a statement share, and how its files are named."""

from dataclasses import dataclass

from vpp.foundation.names import name
from vpp.settlement.run_type import RunType


@dataclass(frozen=True, slots=True)
class StatementHead:
    """What all lines of one version of a statement share.

    Attributes:
        statement_id: As `statement_id_of` names it.
        party_id: Party it is written for.
        period: Civil month at the sites, YYYY-MM.
        version: Counts the versions of this party, period and currency from 1.
        run_type: Why it was written.
        currency: ISO 4217 code of every amount.
        previous: Id of the version before; empty for the first.
    """

    statement_id: str
    party_id: str
    period: str
    version: int
    run_type: RunType
    currency: str
    previous: str = ""

    @property
    def prev_version(self) -> int | None:
        """Number of the version before; None in version 1."""
        return self.version - 1 if self.previous else None

    @property
    def stem(self) -> str:
        """What the names of its files begin with.

        Example:
            >>> StatementHead("acme-2026-03-v1", "acme", "2026-03", 1, RunType.INITIAL, "GBP").stem
            'statement_acme_2026-03_v1'
            >>> StatementHead("acme-2026-03-jpy-v1", "acme", "2026-03", 1, RunType.INITIAL, "JPY").stem
            'statement_acme_2026-03_jpy_v1'
        """
        is_plain = self.statement_id == statement_id_of(self.party_id, self.period, self.version)
        currency = "" if is_plain else f"_{self.currency.lower()}"
        return f"statement_{self.party_id}_{self.period}{currency}_v{self.version}"


def statement_id_of(party_id: str, period: str, version: int, currency: str = "") -> str:
    """Name a version of a statement.

    Args:
        party_id: The party.
        period: Civil month, YYYY-MM.
        version: Number of the version.
        currency: ISO 4217 code where it is not the hub's own; empty where it is.

    Returns:
        The id, also part of the files' names.

    Raises:
        InvalidInput: It is no id, so that no file can be named outside its folder.

    Example:
        >>> statement_id_of("acme", "2026-03", 2), statement_id_of("acme", "2026-03", 1, "JPY")
        ('acme-2026-03-v2', 'acme-2026-03-jpy-v1')
    """
    middle = f"{currency.lower()}-" if currency else ""
    statement_id = f"{party_id}-{period}-{middle}v{version}"
    name("statements", statement_id)
    return statement_id
