"""Random months to settle: every part of the money rules, every quality and shape of delivery."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from support.products import shipped_products

from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval
from vpp.portfolio.money_rules import MoneyRules
from vpp.portfolio.product import ProductProfile
from vpp.settlement.adjustment import Adjustment, AdjustmentState
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.run_terms import RunTerms
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import SiteDelivery
from vpp.telemetry.quality import MeterQuality

PERIOD = "2026-03"
STARTS = {
    "dawn": datetime(2026, 3, 2, 5, tzinfo=UTC),
    "dusk": datetime(2026, 3, 2, 17, tzinfo=UTC),
    "late": datetime(2026, 3, 31, 22, 30, tzinfo=UTC),  # April at the sites in the east
}
ZONES = {"east": "Europe/Athens", "north": "UTC", "south": "Europe/London", "west": "UTC"}
STEPS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 20, 30, 60))
QUALITIES = (*[MeterQuality.OK] * 8, *MeterQuality)
SITES = {"east": "acme", "north": "acme", "south": "bolt", "west": "cobalt"}
OPERATORS = {"dawn": "grid", "dusk": "wire", "late": "grid"}


@dataclass(frozen=True)
class RandomMonth:
    """A month to settle.

    Attributes:
        deliveries: In no order.
        run: What the run reckons by.
        adjustments: Some of them approved.
    """

    deliveries: tuple[SiteDelivery, ...]
    run: RunTerms
    adjustments: tuple[Adjustment, ...]


def random_month(dice: Random, **money: object) -> RandomMonth:
    """Make a month up.

    Args:
        dice: Where its chances come from; the same dice give the same month.
        money: Fields of all products' money rules that are not left to chance.
    """
    deliveries: list[SiteDelivery] = []
    product = random_product(dice, **money)
    for event_id, operator in OPERATORS.items():
        if dice.random() < 0.3 and deliveries:
            continue
        if dice.random() < 0.6:
            # two products of one id and version would be two budgets of one name
            product = random_product(dice, **money).model_copy(update={"product_id": f"of-{event_id}"})
        step = product.settlement_interval
        start = STARTS[event_id]
        grid = [Interval(start + n * step, start + (n + 1) * step) for n in range(dice.randint(1, 4))]
        shifts = _shifts(dice, product, len(grid))
        sites = dice.sample(sorted(SITES), dice.randint(1, len(SITES)))
        deliveries += [_delivery(dice, event_id, operator, product, site, grid, shifts) for site in sites]
    pairs = [(each.event_id, each.site_id) for each in deliveries]
    run = RunTerms(
        dice.choice(list(RunType)),
        "hub",
        first_settled=frozenset(pair for pair in pairs if dice.random() < 0.6),
        operator_party_ids=frozenset(OPERATORS.values()),
    )
    adjustments = tuple(_adjustment(dice, n, deliveries) for n in range(dice.randint(0, 3)))
    return RandomMonth(tuple(deliveries), run, adjustments)


@cache
def _plain(direction: Direction, step: timedelta) -> ProductProfile:
    shipped = shipped_products()["example-peak-shaving"]
    call = shipped.call.model_copy(update={"direction": direction})
    return shipped.model_copy(update={"call": call, "settlement_interval": step})


def random_product(dice: Random, **money: object) -> ProductProfile:
    """Make a product up whose parts are left to chance."""
    plain = _plain(dice.choice(list(Direction)), dice.choice(STEPS))
    rules = MoneyRules.model_validate(random_money(dice) | money)
    return plain.model_copy(update={"money": rules, "version": dice.randint(1, 3)})


def random_money(dice: Random) -> dict[str, Any]:
    """Put money rules together, each part there or not."""
    low, full = sorted((_exact(dice, 0, 1), _exact(dice, 0, 1)))
    penalty = dice.choice(["none", "shortfall_at_price", "parts"])
    rules: dict[str, Any] = {
        "currency": dice.choice(["GBP", "JPY", "CNY"]),
        "pay_rule": "as_clear",
        "band_low_ratio": low,
        "band_full_ratio": full,
        "band_cap_ratio": _exact(dice, 1, 2),
        "penalty_formula_id": penalty,
        "penalty_ratio": _exact(dice, 0, 3),
        "availability_price_per_kw_h": dice.choice(["0", "0.0137", "2"]),
        "aggregator_fee_ratio": _exact(dice, 0, 1, 3),
        "commitment": dice.choice(["target", "target", "award"]),
        "judged_over": dice.choice(["interval", "interval", "event"]),
        "measured_as": dice.choice(["site", "site", "aggregate"]),
        "pays_energy": dice.random() < 0.9,
        "price_factor": dice.choice(["1", "1", "0.1", "1.237"]),
        "rounding": dice.choice(["line", "event"]),
    }
    if penalty == "parts":
        rules["penalty"] = {
            "threshold_ratio": _exact(dice, 0, 1),
            "counts": dice.choice(["delivered", "paid"]),
            dice.choice(["price_ratio", "price_per_mwh"]): _exact(dice, 0, 10, 3),
            "excess_above_ratio": dice.choice([None, "0.8", "1.1"]),
            "retained_by": dice.choice(["operator", "aggregator"]),
        }
    if dice.random() < 0.4:
        corners = sorted(_exact(dice, 0, 3, dice.randint(0, 3)) for _ in range(dice.randint(1, 5)))
        rules["response"] = {
            "points": [{"delivered_ratio": at, "paid_ratio": _exact(dice, 0, 2)} for at in corners]
        }
    if dice.random() < 0.4:
        rules["availability"] = {
            "price_per_kw_h": dice.choice([None, "0.0201"]),
            "paid": dice.choice(["always", "when_called", "when_not_called"]),
            "by_performance": dice.random() < 0.5,
            "within_load": dice.random() < 0.5,
        }
    rules["share"] = dice.choice(
        [
            None,
            {"kind": "ratio", "ratio": "0.075"},
            {"kind": "floor_and_share", "floor_price_per_mwh": "900.5", "site_ratio": "0.8"},
            {"kind": "fixed_price", "site_price_per_mwh": "1200.123"},
        ]
    )
    if dice.random() < 0.4:
        rules["limits"] = {
            "min_paid_kw": dice.choice(["0", "50"]),
            "max_paid_kw": dice.choice([None, "333.333", "1500"]),
            "max_amount_per_event": dice.choice([None, "100.005", "2000"]),
            "peak_below_baseline": dice.random() < 0.3,
            "min_mean_reduction_ratio": dice.choice(["0", "0.05"]),
        }
    if dice.random() < 0.4:
        rules["budget"] = {
            "amount": dice.choice(["0", "10", "333.337", "100000"]),
            "per": dice.choice(["event", "period"]),
        }
    return rules


def _exact(dice: Random, low: int, high: int, places: int = 2) -> Decimal:
    scale = 10**places
    return Decimal(dice.randint(low * scale, high * scale)).scaleb(-places)


def _shifts(dice: Random, product: ProductProfile, count: int) -> tuple[Decimal | None, ...]:
    """What the baseline of the sum lies above the sum, of products that judge aggregates."""
    if product.money.measured_as == "site" or dice.random() < 0.5:
        return ()
    return tuple(dice.choice([None, _exact(dice, -20, 20, 3)]) for _ in range(count))


def _delivery(  # noqa: PLR0913, PLR0917  a site's part of an event
    dice: Random,
    event_id: str,
    operator: str,
    product: ProductProfile,
    site_id: str,
    grid: list[Interval],
    shifts: tuple[Decimal | None, ...],
) -> SiteDelivery:
    usual = _exact(dice, -100, 9000, dice.randint(0, 7))
    return SiteDelivery(
        event_id=event_id,
        product=product,
        site_id=site_id,
        party_id=SITES[site_id],
        time_zone=ZONES[site_id],
        meter_id=f"{site_id}-poc",
        award_ids=(f"{event_id}-{site_id}",),
        dispatch_id=f"{event_id}-m0-{site_id}",
        intervals=tuple(_measured(dice, site_id, interval, product.call.direction) for interval in grid),
        price_per_mwh=tuple(dice.choice([usual, usual, _exact(dice, 0, 9000, 7)]) for _ in grid),
        price_basis=product.money.pay_rule,
        local_starts=tuple(
            interval.start.astimezone(ZoneInfo(ZONES[site_id])).isoformat() for interval in grid
        ),
        make_whole=dice.choice([Decimal(0), Decimal(0), Decimal("0.005"), Decimal("12.345")]),
        operator_party_id=operator,
        aggregate_shift_kwh=shifts,
    )


def _measured(dice: Random, site_id: str, interval: Interval, direction: Direction) -> MeasuredInterval:
    quality = dice.choice(QUALITIES)
    target_kw = dice.choice([Decimal(0), Decimal(1000), _exact(dice, 0, 2000, 3), _exact(dice, 0, 2000, 3)])
    hours = Decimal(interval.duration.total_seconds()) / 3600
    baseline = dice.choice([None, *[_exact(dice, -50, 900, 3)] * 9])
    metered = None
    if quality is not MeterQuality.MISSING and dice.random() < 0.97:
        # around what was asked for, or anything at all
        moved_kwh = (target_kw * hours * _exact(dice, -1, 2)).quantize(Decimal("0.001"))
        near = direction.level(baseline or Decimal(100), moved_kwh)
        metered = dice.choice([near, near, near, _exact(dice, -50, 900, 3)])
    return MeasuredInterval(
        site_id=site_id,
        interval=interval,
        award_kw=dice.choice([target_kw, target_kw, _exact(dice, 0, 2000, 3)]),
        target_kw=target_kw,
        baseline_raw_kwh=None if baseline is None else baseline - _exact(dice, -5, 5, 3),
        baseline_kwh=baseline,
        metered_kwh=metered,
        quality=quality,
        direction=direction,
    )


def _adjustment(dice: Random, n: int, deliveries: list[SiteDelivery]) -> Adjustment:
    about = dice.choice(deliveries)
    payer, payee = dice.sample([about.operator_party_id, "hub", about.party_id], 2)
    currency = about.product.money.currency
    return Adjustment(
        adjustment_id=f"adj-{dice.choice([PERIOD, '2026-02'])}-{n + 1}",
        period=dice.choice([PERIOD, PERIOD, "2026-02"]),
        payer_party_id=payer,
        payee_party_id=payee,
        amount=Decimal(dice.randint(1, 9999)),
        currency=currency,
        reason="agreed by telephone",
        event_id=dice.choice(["", about.event_id]),
        site_id=dice.choice(["", about.site_id]),
        dispute_id=dice.choice(["", "dsp-1"]),
        state=dice.choice([AdjustmentState.APPROVED, *AdjustmentState]),
        proposed_by="ann",
        decided_by="ben",
        decided_at=STARTS["late"],
    )
