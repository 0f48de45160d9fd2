"""Accounts of the ledger: whose money, and what it is for."""

import enum
from dataclasses import dataclass


class AccountKind(enum.Enum):
    """What an account is for.

    Attributes:
        OPERATOR: What a grid operator pays for delivery, and gets back.
        SITE: What a site earns and owes; one per site, owned by the site's owner.
        FEE: What the aggregator keeps for its service.
        PENALTY: Penalties that were charged; of the operator or the aggregator, as the product says.
        ROUNDING: What rounding line by line leaves over against rounding once; the aggregator's.
    """

    OPERATOR = "operator"
    SITE = "site"
    FEE = "fee"
    PENALTY = "penalty"
    ROUNDING = "rounding"


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the ledger, in one currency.

    Attributes:
        party_id: Whose it is.
        kind: What it is for.
        currency: ISO 4217 code.
        site_id: The site of a SITE account; empty for the others.
    """

    party_id: str
    kind: AccountKind
    currency: str
    site_id: str = ""

    @property
    def account_id(self) -> str:
        """Name of the account; the same facts give the same name.

        Example:
            >>> Account("north-dc", AccountKind.SITE, "GBP", "north-1").account_id
            'north-dc:site:north-1:GBP'
            >>> Account("grid-co", AccountKind.OPERATOR, "GBP").account_id
            'grid-co:operator:GBP'
        """
        parts = (self.party_id, self.kind.value, self.site_id, self.currency)
        return ":".join(part for part in parts if part)
