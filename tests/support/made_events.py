"""Events made up from what each site sold, was told and delivered, in kW: for settling by hand."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from vpp.foundation.interval import Interval
from vpp.portfolio.money_rules import MoneyRules
from vpp.portfolio.product import ProductProfile
from vpp.settlement.charge import Charge
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.reckoning import reckon
from vpp.settlement.run_terms import RunTerms
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import SiteDelivery
from vpp.telemetry.quality import MeterQuality

START = datetime(2026, 7, 1, 4, tzinfo=UTC)


class Row(NamedTuple):
    """One settlement interval of one site, kW.

    Attributes:
        asked: Sold and told, or told alone where `award` says more.
        delivered: Moved in the product's direction; None without a reading.
        price: Per MWh.
        award: Sold; the same as was asked where None.
        baseline: Load without the event.
    """

    asked: str
    delivered: str | None
    price: str
    award: str | None = None
    baseline: str = "50000"


def with_money(product: ProductProfile, **money: object) -> ProductProfile:
    """Return a product with other money rules."""
    rules = product.money.model_dump(exclude_unset=True) | money
    return product.model_copy(update={"money": MoneyRules.model_validate(rules)})


def delivery(  # noqa: PLR0913  what a test sets, by keyword
    product: ProductProfile,
    rows: Sequence[Row],
    *,
    site_id: str = "north-1",
    party_id: str = "acme",
    event_id: str = "evening",
    make_whole: str = "0",
) -> SiteDelivery:
    """Make what one site delivered, an interval a row."""
    step = product.settlement_interval
    grid = [Interval(START + n * step, START + (n + 1) * step) for n in range(len(rows))]
    hours = Decimal(step.total_seconds()) / 3600
    direction = product.call.direction
    intervals = []
    for row, interval in zip(rows, grid, strict=True):
        baseline_kwh = (Decimal(row.baseline) * hours).quantize(Decimal("0.001"))
        moved = None if row.delivered is None else (Decimal(row.delivered) * hours).quantize(Decimal("0.001"))
        intervals.append(
            MeasuredInterval(
                site_id=site_id,
                interval=interval,
                award_kw=Decimal(row.asked if row.award is None else row.award),
                target_kw=Decimal(row.asked),
                baseline_raw_kwh=baseline_kwh,
                baseline_kwh=baseline_kwh,
                metered_kwh=None if moved is None else direction.level(baseline_kwh, moved),
                quality=MeterQuality.MISSING if moved is None else MeterQuality.OK,
                direction=direction,
            )
        )
    return SiteDelivery(
        event_id=event_id,
        product=product,
        site_id=site_id,
        party_id=party_id,
        time_zone="UTC",
        meter_id=f"{site_id}-poc",
        award_ids=(f"{event_id}-{site_id}",),
        dispatch_id=f"{event_id}-m0-{site_id}",
        intervals=tuple(intervals),
        price_per_mwh=tuple(Decimal(row.price) for row in rows),
        price_basis=product.money.pay_rule,
        local_starts=tuple(interval.start.isoformat() for interval in grid),
        make_whole=Decimal(make_whole),
        operator_party_id="grid",
    )


def event(product: ProductProfile, sites: Mapping[str, Sequence[Row]], **more: str) -> list[SiteDelivery]:
    """Make what several sites delivered, each of an owner of its own."""
    return [
        delivery(product, rows, site_id=site_id, party_id=f"owner-of-{site_id}", **more)
        for site_id, rows in sites.items()
    ]


def settled(*deliveries: SiteDelivery) -> tuple[Charge, ...]:
    """Settle deliveries for the first time."""
    pairs = frozenset((each.event_id, each.site_id) for each in deliveries)
    return reckon("2026-07", deliveries, run=RunTerms(RunType.INITIAL, "hub", pairs)).charges


def shown(charges: Sequence[Charge]) -> list[tuple[str, str, str, str]]:
    """Show charges by code, payer, payee and amount."""
    return [(each.code.name, each.payer_party_id, each.payee_party_id, str(each.amount)) for each in charges]


def amounts(charges: Sequence[Charge]) -> dict[str, Decimal]:
    """Add charges up by code."""
    found: dict[str, Decimal] = {}
    for each in charges:
        found[each.code.name] = found.get(each.code.name, Decimal(0)) + each.amount
    return found
