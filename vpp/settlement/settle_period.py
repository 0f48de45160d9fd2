"""One settlement run: the statements of all parties of a period, balanced against each other."""

from collections.abc import Mapping, Sequence

from vpp.settlement.ledger import check_balanced, postings
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.statement import Statement, build_statement


def settle_period(  # noqa: PLR0913  all but two by keyword
    period: str,
    deliveries: Sequence[SiteDelivery],
    *,
    operator_party_id: str,
    aggregator_party_id: str,
    previous: Mapping[str, Statement] | None = None,
    run_type: RunType | None = None,
) -> tuple[Statement, ...]:
    """Write the next version of every party's statement for one period.

    All parties are written in one run with one run type, because the run type decides whether
    estimates are paid: written apart, a site could be paid what the operator is not charged.

    Args:
        period: Civil month in which delivery began at the site, YYYY-MM.
        deliveries: All deliveries of the period, with the readings as they are known now; all of
            one operator and in one currency. Those of other periods are passed over.
        operator_party_id: Grid operator.
        aggregator_party_id: Aggregator.
        previous: Latest statement of each party for this period.
        run_type: Default INITIAL if there are no statements yet, else RECALC.

    Returns:
        One statement per party that has a line or had a statement, by party id.

    Raises:
        InvalidInput: See `build_statement`.
        WrongState: See `build_statement`.
        BrokenPromise: The statements do not add up to zero; a defect of this project.
    """
    before = dict(previous or {})
    if run_type is None:
        run_type = RunType.RECALC if before else RunType.INITIAL
    owners = {delivery.party_id for delivery in deliveries if delivery.settlement_period == period}
    parties = owners | set(before)
    if owners:
        parties |= {operator_party_id, aggregator_party_id}
    written = (
        build_statement(
            party_id,
            period,
            deliveries,
            operator_party_id=operator_party_id,
            aggregator_party_id=aggregator_party_id,
            version=before[party_id].version + 1 if party_id in before else 1,
            previous=before.get(party_id),
            run_type=run_type,
        )
        for party_id in sorted(parties)
    )
    statements = tuple(statement for statement in written if statement.lines)
    # The changes balance only if the versions before did, and those were checked when written.
    check_balanced(posting for statement in statements for posting in postings(statement))
    return statements
