"""The ledger: every change of every statement as a posting, and the check that nothing is lost."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from vpp.foundation.errors import BrokenPromise
from vpp.foundation.interval import Interval
from vpp.settlement.statement import Statement


@dataclass(frozen=True, slots=True)
class Posting:
    """What one version of a statement changes on one account.

    Attributes:
        event_id: Event.
        site_id: Site that delivered.
        interval: What the posting settles.
        account: `{party}:{line code}`.
        version: Version of the party's statement.
        amount: Change of the account; positive is paid to the party.
        currency: ISO 4217 code.
    """

    event_id: str
    site_id: str
    interval: Interval
    account: str
    version: int
    amount: Decimal
    currency: str

    @property
    def key(self) -> tuple[str, str, Interval, str, int]:
        """What makes the posting unique: a repeat has the same key."""
        return (self.event_id, self.site_id, self.interval, self.account, self.version)


def postings(statement: Statement) -> tuple[Posting, ...]:
    """Book a version of a statement: one posting per line that changes anything.

    Corrections are postings of their own, never changes to earlier ones.

    Args:
        statement: The statement.

    Returns:
        Postings in the order of the lines.
    """
    return tuple(
        Posting(
            event_id=line.event_id,
            site_id=line.site_id,
            interval=Interval(line.interval_start_utc, line.interval_end_utc),
            account=f"{line.party_id}:{line.line_code.value}",
            version=line.version,
            amount=line.delta_amount,
            currency=line.currency,
        )
        for line in statement.lines
        if line.delta_amount
    )


def check_balanced(booked: Iterable[Posting]) -> None:
    """Prove that money in is money out for every site and interval of every event.

    Args:
        booked: All postings of all parties so far, all versions.

    Raises:
        BrokenPromise: Two postings have the same key, or a site's interval does not add up to zero.
    """
    keys: set[object] = set()
    sums: dict[tuple[str, str, Interval, str], Decimal] = {}
    for posting in booked:
        if posting.key in keys:
            raise BrokenPromise(
                f"{posting.account} is posted twice for {posting.site_id} in {posting.event_id} at "
                f"{posting.interval.start.isoformat()}, version {posting.version}",
                account=posting.account,
            )
        keys.add(posting.key)
        place = (posting.event_id, posting.site_id, posting.interval, posting.currency)
        sums[place] = sums.get(place, Decimal(0)) + posting.amount
    for (event_id, site_id, interval, currency), left in sums.items():
        if left:
            raise BrokenPromise(
                f"postings of {site_id} in {event_id} at {interval.start.isoformat()} add up to "
                f"{left} {currency}, expected 0",
                event_id=event_id,
                site_id=site_id,
            )
