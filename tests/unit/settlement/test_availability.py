from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from vpp.foundation.direction import Direction
from vpp.portfolio.product import ProductProfile
from vpp.settlement.availability import Readiness, readiness
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.judging import judge_alone
from vpp.settlement.pay_terms import PayTerms
from vpp.settlement.site_cells import SiteCells
from vpp.telemetry.quality import MeterQuality

Product = Callable[..., ProductProfile]
Measured = Callable[..., MeasuredInterval]
NO_BASELINE = {"baseline_kwh": None, "baseline_raw_kwh": None}


@pytest.fixture
def ready(product: Product) -> Callable[..., Readiness | None]:
    """Reckon one interval's readiness; keyword arguments are availability terms."""

    def reckon(
        measured: MeasuredInterval, *, counts_estimates: bool = True, **terms: object
    ) -> Readiness | None:
        rules = PayTerms.of(product(availability={"price_per_kw_h": "0.0125"} | terms).money)
        site = SiteCells([measured], [Decimal(80)], rules, counts_estimates=counts_estimates)
        judge_alone(site)
        assert rules.availability is not None
        return readiness(site, 0, rules.availability, counts_estimates=counts_estimates)

    return reckon


Ready = Callable[..., Readiness]


def test_the_award_is_paid_whatever_was_delivered(ready: Ready, measured: Measured) -> None:
    found = ready(measured("0", award_kw=Decimal("100.4")))
    assert (str(found.kw_h), found.minor) == ("100.400", 126)  # 1.255 half up
    assert (str(found.price), found.price_unit, found.note) == ("0.012500", "GBP/kW.h", "")
    assert found.numerator == 1_255_000_000_000  # 1e-12 of a pound


def test_the_awards_own_price_is_per_mw(ready: Ready, measured: Measured) -> None:
    found = ready(measured(), price_per_kw_h=None)
    assert (str(found.price), found.price_unit, found.minor) == ("80.000000", "GBP/MW.h", 800)


@pytest.mark.parametrize(
    ("paid", "target_kw", "is_paid"),
    [
        ("always", 0, True),
        ("always", 100, True),
        ("when_called", 0, False),
        ("when_called", 100, True),
        ("when_not_called", 0, True),
        ("when_not_called", 100, False),
    ],
)
def test_where_it_is_paid(
    ready: Ready, measured: Measured, paid: str, target_kw: int, *, is_paid: bool
) -> None:
    assert (ready(measured(target_kw=Decimal(target_kw)), paid=paid) is not None) == is_paid


@pytest.mark.parametrize(
    ("delivered", "kw_h"), [("120", "100.000"), ("100", "100.000"), ("66.666", "66.666"), ("-5", "0")]
)
def test_performance_counts_where_the_site_is_called(
    ready: Ready, measured: Measured, delivered: str, kw_h: str
) -> None:
    found = ready(measured(delivered), by_performance=True)
    assert str(found.kw_h) == kw_h
    assert bool(found.note) == (kw_h != "100.000")
    idle = measured(delivered, target_kw=Decimal(0))
    assert str(ready(idle, by_performance=True).kw_h) == "100.000"


@pytest.mark.parametrize(
    ("metered", "target_kw", "kw_h"),
    [
        ("500", "0", "100.000"),
        ("40", "0", "40.000"),
        ("-3", "0", "0"),
        # it used 40 kWh and had shed 460 kWh of 500 already
        ("40", "100", "100.000"),
        # it used more than its baseline: nothing had been shed
        ("520", "100", "100.000"),
    ],
)
def test_no_more_than_the_load_can_be_shed(
    ready: Ready, measured: Measured, metered: str, target_kw: str, kw_h: str
) -> None:
    interval = measured(metered_kwh=Decimal(metered), target_kw=Decimal(target_kw))
    found = ready(interval, within_load=True)
    assert str(found.kw_h) == kw_h
    assert bool(found.note) == (kw_h != "100.000")


def test_more_consumption_is_not_bound_by_the_load(ready: Ready, measured: Measured) -> None:
    up = measured(metered_kwh=Decimal(1), target_kw=Decimal(0), direction=Direction.LOAD_UP)
    assert str(ready(up, within_load=True).kw_h) == "100.000"


@pytest.mark.parametrize("quality", [MeterQuality.BAD, MeterQuality.MISSING])
def test_without_a_trusted_reading_nothing_shows_readiness(
    ready: Ready, measured: Measured, quality: MeterQuality
) -> None:
    found = ready(measured(quality=quality))
    assert (found.kw_h, found.minor) == (0, 0)
    assert found.note == f"no payment and no penalty: meter data {quality.name.lower()}"


def test_estimates_count_the_first_time(ready: Ready, measured: Measured) -> None:
    estimated = measured(quality=MeterQuality.ESTIMATED)
    assert (ready(estimated).minor, ready(estimated, counts_estimates=False).minor) == (125, 0)
    assert ready(estimated).note == "estimated meter data: they count in this first settlement only"


def test_every_reason_for_less_is_told(ready: Ready, measured: Measured) -> None:
    # 80 kWh used of 130 kWh: 130 kW.h could have been shed, and 50 of 100 kWh were
    interval = measured(
        quality=MeterQuality.ESTIMATED,
        award_kw=Decimal(200),
        baseline_kwh=Decimal(130),
        baseline_raw_kwh=Decimal(130),
        metered_kwh=Decimal(80),
    )
    found = ready(interval, within_load=True, by_performance=True)
    assert str(found.kw_h) == "65.000"
    assert found.note == (
        "estimated meter data: they count in this first settlement only; "
        "only 130.000 kW.h of load could have been shed; times delivered / committed = 0.500000"
    )


def test_a_baseline_is_needed_where_performance_counts_alone(ready: Ready, measured: Measured) -> None:
    blind = measured(**NO_BASELINE)
    assert ready(blind).minor == 125
    called = ready(blind, by_performance=True)
    assert (called.minor, called.note) == (0, "no payment and no penalty: no baseline")
    assert ready(replace(blind, target_kw=Decimal(0)), by_performance=True).minor == 125


def test_any_target_calls_a_site(ready: Ready, measured: Measured) -> None:
    assert ready(measured(target_kw=Decimal("0.5")), paid="when_not_called") is None
    assert ready(measured(target_kw=Decimal("0.5")), paid="when_called") is not None


def test_an_estimate_shows_readiness_without_a_baseline_too(ready: Ready, measured: Measured) -> None:
    blind = measured(quality=MeterQuality.ESTIMATED, **NO_BASELINE)
    assert str(ready(blind).kw_h) == "100.000"
    assert str(ready(blind, counts_estimates=False).kw_h) == "0"


@pytest.mark.parametrize(
    ("metered", "baseline", "kw_h", "is_noted"),
    [
        ("100", "100", "100.000", False),  # just as much as was sold
        ("40", "40", "40.000", True),  # shed nothing: what it uses is what it could shed
        ("40", "35", "40.000", True),  # used more than expected: nothing was shed
    ],
)
def test_what_could_be_shed_is_what_is_used_and_was_shed(  # noqa: PLR0913  a column each
    ready: Ready, measured: Measured, metered: str, baseline: str, kw_h: str, *, is_noted: bool
) -> None:
    interval = measured(
        metered_kwh=Decimal(metered), baseline_kwh=Decimal(baseline), baseline_raw_kwh=Decimal(baseline)
    )
    found = ready(interval, within_load=True)
    assert (str(found.kw_h), bool(found.note)) == (kw_h, is_noted)


def test_without_a_baseline_the_meter_alone_says_what_could_be_shed(ready: Ready, measured: Measured) -> None:
    blind = measured(metered_kwh=Decimal(40), **NO_BASELINE)
    assert str(ready(blind, within_load=True).kw_h) == "40.000"
