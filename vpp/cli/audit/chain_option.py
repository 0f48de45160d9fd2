"""The option that says which chain of the record is meant."""

from typing import Annotated

import typer

from vpp.cli.arguments import full_name

Party = Annotated[
    str | None,
    typer.Option(
        help="The chain of this party, as an id or parties/ID; the market's if absent.", metavar="PARTY"
    ),
]


def chain_argument(party: str | None) -> str:
    """Return the resource name of a chain.

    Example:
        >>> chain_argument("acme"), chain_argument(None)
        ('auditChains/party.acme', 'auditChains/market')
    """
    if party is None:
        return "auditChains/market"
    return f"auditChains/party.{full_name('parties', party).partition('/')[2]}"
