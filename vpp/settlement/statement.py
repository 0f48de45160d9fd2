"""Settlement statements: complete versions, each showing its change against the one before."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from vpp.foundation.errors import InvalidInput, WrongState
from vpp.foundation.money import minor_unit
from vpp.foundation.names import name
from vpp.settlement.line_code import LineCode
from vpp.settlement.lines import charges
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.statement_line import StatementLine, line_of
from vpp.settlement.version_change import against_previous

PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Statement:
    """One version of what one party is paid and charged for one period, in one currency.

    Attributes:
        statement_id: `{party}-{period}-v{version}`.
        party_id: Party it is written for.
        period: Civil month at the sites, YYYY-MM.
        version: Counts the versions of this party and period from 1.
        run_type: Why it was written.
        currency: ISO 4217 code of every amount.
        lines: The lines in order.
        previous: Id of the version before; empty for the first.
    """

    statement_id: str
    party_id: str
    period: str
    version: int
    run_type: RunType
    currency: str
    lines: tuple[StatementLine, ...]
    previous: str = ""

    @property
    def totals(self) -> Mapping[LineCode, Decimal]:
        """Sum of the rounded line amounts by code; codes without a line are left out."""
        totals: dict[LineCode, Decimal] = {}
        for line in self.lines:
            totals[line.line_code] = totals.get(line.line_code, minor_unit(self.currency) * 0) + line.amount
        return totals

    @property
    def total(self) -> Decimal:
        """Sum of all lines; positive is paid to the party."""
        return sum((line.amount for line in self.lines), minor_unit(self.currency) * 0)

    @property
    def delta(self) -> Decimal:
        """Change of the total against the version before."""
        return sum((line.delta_amount for line in self.lines), minor_unit(self.currency) * 0)


def build_statement(  # noqa: PLR0913  all but three by keyword
    party_id: str,
    period: str,
    deliveries: Iterable[SiteDelivery],
    *,
    operator_party_id: str,
    aggregator_party_id: str,
    version: int = 1,
    previous: Statement | None = None,
    run_type: RunType | None = None,
) -> Statement:
    """Write one version of one party's statement for one period.

    Every version is complete. Deliveries of other periods and of sites that do not concern the
    party are passed over; the order in which deliveries come does not matter. A line that the
    version before had and this one has not stays, with the amount zero, so that the changes of
    all versions always add up to the last total.

    Run types decide whether estimates are paid, so versions of one run must be written with the
    same run type for all parties; `settle_period` does that.

    Args:
        party_id: Owner of sites, operator or aggregator.
        period: Civil month in which delivery began at the site, YYYY-MM.
        deliveries: Deliveries with the readings as they are known now.
        operator_party_id: Grid operator.
        aggregator_party_id: Aggregator.
        version: Of this statement; one more than the version before.
        previous: The version before; None for version 1.
        run_type: Default INITIAL for version 1, else RECALC.

    Returns:
        The statement.

    Raises:
        InvalidInput: The period is no month, the version does not follow `previous`, a site has two
            deliveries in one event, currencies are mixed, or nothing concerns the party.
        WrongState: `previous` is FINAL or later, and this run is no ADJUSTMENT.

    Source:
        Settlement design, section 2, rules 1 to 3. That version 1 shows its amounts as its change
        is ours: so the changes of all versions add up.
    """
    _check_version(party_id, period, version, previous)
    if run_type is None:
        run_type = RunType.INITIAL if version == 1 else RunType.RECALC
    late = (RunType.FINAL, RunType.ADJUSTMENT)
    if previous is not None and previous.run_type in late and run_type is not RunType.ADJUSTMENT:
        raise WrongState(
            f"{previous.statement_id} is {previous.run_type.name}, only an ADJUSTMENT may follow, "
            f"not {run_type.name}",
            run_type=run_type.name,
        )
    everyone = (operator_party_id, aggregator_party_id)
    concerned = sorted(
        (
            delivery
            for delivery in deliveries
            if delivery.settlement_period == period and party_id in (delivery.party_id, *everyone)
        ),
        key=lambda delivery: (delivery.delivery, delivery.event_id, delivery.site_id),
    )
    currency = _currency(party_id, period, concerned, previous)
    statement_id = f"{party_id}-{period}-v{version}"
    name("statements", statement_id)
    owed = [
        charge
        for delivery in concerned
        for charge in charges(
            delivery,
            run_type,
            operator_party_id=operator_party_id,
            aggregator_party_id=aggregator_party_id,
        )
        if party_id in (charge.payer_party_id, charge.payee_party_id)
    ]
    lines = tuple(
        line_of(
            charge,
            line_no,
            statement_id=statement_id,
            version=version,
            run_type=run_type,
            period=period,
            party_id=party_id,
        )
        for line_no, charge in enumerate(owed, start=1)
    )
    if previous is not None:
        lines = against_previous(
            lines, previous.lines, statement_id=statement_id, version=version, run_type=run_type
        )
    return Statement(
        statement_id=statement_id,
        party_id=party_id,
        period=period,
        version=version,
        run_type=run_type,
        currency=currency,
        lines=lines,
        previous=previous.statement_id if previous else "",
    )


def _check_version(party_id: str, period: str, version: int, previous: Statement | None) -> None:
    """Refuse a version that does not follow the one before."""
    if not PERIOD.fullmatch(period):
        raise InvalidInput(f"period is {period!r}, expected YYYY-MM", period=period)
    if previous is None:
        if version != 1:
            raise InvalidInput(
                f"version is {version}, expected 1 without a previous one", version=str(version)
            )
        return
    expected = (party_id, period, previous.version + 1)
    if (previous.party_id, previous.period, version) != expected:
        raise InvalidInput(
            f"{party_id}-{period}-v{version} does not follow {previous.statement_id}", version=str(version)
        )


def _currency(
    party_id: str, period: str, concerned: Sequence[SiteDelivery], previous: Statement | None
) -> str:
    """Return the one currency of a statement, and refuse a delivery that is there twice."""
    currencies = {delivery.product.money.currency for delivery in concerned}
    if previous is not None:
        currencies.add(previous.currency)
    if not currencies:
        raise InvalidInput(f"no delivery in {period} concerns {party_id}", party_id=party_id)
    if len(currencies) > 1:
        raise InvalidInput(
            f"deliveries of {party_id} in {period} are in {', '.join(sorted(currencies))}, expected one "
            "currency per statement",
            party_id=party_id,
        )
    seen: set[tuple[str, str]] = set()
    for delivery in concerned:
        pair = (delivery.event_id, delivery.site_id)
        if pair in seen:
            raise InvalidInput(
                f"site {delivery.site_id} has two deliveries in event {delivery.event_id}",
                site_id=delivery.site_id,
                event_id=delivery.event_id,
            )
        seen.add(pair)
    return currencies.pop()
