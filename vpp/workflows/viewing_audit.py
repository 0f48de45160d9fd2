"""What callers read back of the record: a party its own chain, an auditor all."""

import re
from collections.abc import Iterator, Sequence

from vpp.foundation.audit_chain import MARKET, ChainHead, chain_of
from vpp.foundation.errors import InvalidInput, NotFound
from vpp.foundation.signed_head import SignedHead
from vpp.workflows.audit_ports import StoredEntry
from vpp.workflows.identity import Principal, Role
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.visibility import Page, PageRequest

_TOKEN = re.compile(r"[0-9]{1,18}")
"""What a page token looks like: a count that a database can hold."""


def check_chain(principal: Principal, chain: str, *, is_content: bool) -> None:
    """Refuse a chain that is not the caller's.

    A site's principal sees its party's heads, and no entries: they are of the party's other sites too.

    Raises:
        NotFound: It is another's, or there is none of that name; the text is the same.
    """
    if Role.AUDITOR in principal.roles:
        return
    is_own = chain == chain_of(principal.party_id) and not (is_content and principal.site_id)
    if not is_own:
        raise missing(chain)


def missing(chain: str) -> NotFound:
    """Return what is said of a chain that is not there, or not for the caller."""
    return NotFound(f"there is no chain {chain}", chain=chain)


def newest_head(units: UnitOfWorkFactory, principal: Principal, chain: str) -> SignedHead:
    """Return the newest signed head of a chain.

    Raises:
        NotFound: As `check_chain`, or nothing has been signed yet.
    """
    check_chain(principal, chain, is_content=False)
    with units(write=False) as uow:
        found = uow.audit.newest_signed([chain])
    if chain not in found:
        raise missing(chain)
    return found[chain]


def list_heads(
    units: UnitOfWorkFactory, principal: Principal, chain: str, request: PageRequest
) -> Page[SignedHead]:
    """List the signed heads of a chain, the newest first.

    Raises:
        NotFound: As `check_chain`.
        InvalidInput: The page token is none that a list has given.
    """
    check_chain(principal, chain, is_content=False)
    if request.page_token and not _TOKEN.fullmatch(request.page_token):
        raise InvalidInput("page_token is none that was given out", field="page_token")
    before = int(request.page_token) if request.page_token else None
    with units(write=False) as uow:
        found = uow.audit.signed(chain, before=before, limit=request.limit + 1)
    shown = tuple(found[: request.limit])
    return Page(shown, str(shown[-1].head.sequence) if len(found) > len(shown) else "")


def chains_for(units: UnitOfWorkFactory, principal: Principal, chain: str | None) -> Sequence[ChainHead]:
    """Return the chains that an export holds, with their ends as of now.

    Args:
        units: Makes the transaction.
        principal: Who asks.
        chain: The one that is wanted; None for all.

    Raises:
        NotFound: As `check_chain`; all of them are for auditors alone.
    """
    check_chain(principal, chain or MARKET, is_content=True)
    with units(write=False) as uow:
        heads = uow.audit.heads()
    return [head for head in heads if chain is None or head.chain == chain]


def entries_up_to(units: UnitOfWorkFactory, head: ChainHead, limit: int = 100) -> Iterator[list[StoredEntry]]:
    """Return a chain's entries up to a head, some at a time, each in a transaction of its own."""
    after = 0
    while after < head.sequence:
        with units(write=False) as uow:
            some = uow.audit.entries(head.chain, after=after, limit=min(limit, head.sequence - after))
        if not some:
            return
        after = some[-1].sequence
        yield some


def heads_up_to(units: UnitOfWorkFactory, head: ChainHead) -> list[SignedHead]:
    """Return a chain's signed heads up to an end, the oldest first."""
    with units(write=False) as uow:
        return uow.audit.signed(head.chain, before=head.sequence + 1, limit=1_000_000)[::-1]
