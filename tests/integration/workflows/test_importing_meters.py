"""Revenue meters' readings: all that a file holds or nothing, by version, never by who settles."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from support.market import FIVE, NOON, QUARTER, Market, agent_of, make_market

from vpp.foundation.errors import InvalidInput, NotFound
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.identity import Principal, Role
from vpp.workflows.importing_meters import ImportOutcome, import_readings, list_imports
from vpp.workflows.revenue_checks import MeterRun

METERS = Principal("meters", "hub", None, frozenset({Role.METER_DATA_MANAGER}))
DAY = timedelta(days=1)
START = NOON.replace(hour=0) - DAY


@pytest.fixture
def market(tmp_path: Path) -> Market:
    found = make_market(tmp_path)
    found.enrol("north-1", days=3)  # 1000 kW up to midnight
    return found


def run(values_kw: Sequence[float], *, start: object = START, step: timedelta = QUARTER) -> MeterRun:
    return MeterRun(start, step, np.array(values_kw, dtype=float), MeterQuality.OK)  # type: ignore[arg-type]


def bring(market: Market, *runs: MeterRun, site_id: str = "north-1", **options: object) -> ImportOutcome:
    return import_readings(
        market.units,
        METERS,
        site_id,
        runs or (run([990.0] * 4),),
        source_name="march.csv",
        **options,  # type: ignore[arg-type]  # as its signature
    )


def kept(market: Market) -> list[tuple[str, int, int]]:
    imports = list_imports(market.units, METERS, "north-1")
    return [(one.device_id, one.version, one.reading_count) for one in imports]


def test_an_import_is_a_version_that_is_told_and_recorded(market: Market) -> None:
    outcome = bring(market)
    one = outcome.revenue_import
    assert outcome.is_new
    assert outcome.notes == (
        "over 4 intervals these readings are 990.000 kWh and the site's own 1000.000 kWh",
    )
    assert (one.version, one.reading_count, one.imported_by, one.imported_at) == (1, 4, "meters", NOON)
    with market.units(write=False) as uow:
        [record] = [each for each in uow.audit.page(limit=10_000) if each.action == "import_readings"]
    assert (record.actor, record.subject) == ("meters", "sites/north-1")
    assert record.detail["sha256"] == one.sha256


def test_the_same_readings_again_change_nothing(market: Market) -> None:
    first = bring(market)
    again = bring(market, run([990.0] * 2), run([990.0] * 2, start=START + 2 * QUARTER))
    assert not again.is_new
    assert again.revenue_import == first.revenue_import
    assert kept(market) == [("", 1, 4)]


def test_a_corrected_file_is_another_version(market: Market) -> None:
    bring(market)
    assert bring(market, run([980.0] * 4)).revenue_import.version == 2
    assert bring(market).revenue_import.version == 3  # back to the first: it is said again
    assert kept(market) == [("", 1, 4), ("", 2, 4), ("", 3, 4)]


@pytest.mark.parametrize(
    ("values", "ratio"),
    [([250.0] * 4, "250.000"), ([1e-3] * 4, "0.001"), ([2500.0] * 4, "2500.000")],
)
def test_energy_that_is_far_from_the_site_s_own_is_a_wrong_unit(
    market: Market, values: list[float], ratio: str
) -> None:
    with pytest.raises(InvalidInput, match=f"are {ratio} kWh and the site's own 1000.000 kWh, expected with"):
        bring(market, run(values))
    assert kept(market) == []
    assert bring(market, run(values), accept_difference=True).is_new


def test_readings_finer_than_the_site_s_own_are_compared_as_well(market: Market) -> None:
    minutes = run([83.0] * 21, start=START + timedelta(minutes=2), step=timedelta(minutes=1))
    with pytest.raises(InvalidInput, match=r"over 3 intervals these .* 20\.750 kWh .* own 250\.000 kWh"):
        bring(market, minutes)


@pytest.mark.parametrize("values", [[501.0] * 4, [1999.0] * 4])
def test_within_a_factor_of_two_nobody_has_to_accept(market: Market, values: list[float]) -> None:
    assert bring(market, run(values)).is_new


def test_where_the_site_has_said_nothing_that_is_told(market: Market) -> None:
    outcome = bring(market, run([990.0] * 4, start=START - 10 * DAY))
    assert outcome.notes == ("the site has no readings of its own for any of these intervals",)


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ([run([990.0, 1e5])], "net_power_kw at 2026-03-03T00:15:00.* is 100000, expected -3000 to 4500 kW"),
        ([run([990.0] * 8, start=NOON - QUARTER)], "the last reading ends at"),
        ([run([990.0] * 2), run([990.0], start=START + QUARTER)], "before the end of the run before"),
        ([run([990.0], step=FIVE), run([990.0], start=START + QUARTER)], r"runs\[1\].sample_interval"),
        ([run([990.0]), run([])], r"runs\[1\] is empty, expected at least one reading"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_kept(
    market: Market, runs: list[MeterRun], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        bring(market, *runs)
    assert kept(market) == []


def test_a_site_or_a_device_that_is_not_there_is_not_found(market: Market) -> None:
    with pytest.raises(NotFound, match="sites/nowhere"):
        bring(market, site_id="nowhere")
    with pytest.raises(NotFound, match="sites/north-1/resources/turbine"):
        bring(market, device_id="turbine")
    assert kept(market) == []


def test_a_device_has_versions_of_its_own_and_gives_either_way(market: Market) -> None:
    bring(market)
    outcome = bring(market, run([150.0, -150.0]), device_id="battery")
    assert (outcome.revenue_import.version, outcome.notes) == (1, ())
    assert kept(market) == [("", 1, 4), ("battery", 1, 2)]


def test_a_name_that_steers_terminals_is_refused(market: Market) -> None:
    with pytest.raises(InvalidInput, match="source_name"):
        import_readings(market.units, METERS, "north-1", [run([990.0])], source_name="a\x1b[2J.csv")


def test_an_owner_sees_the_imports_of_its_own_sites_alone(market: Market) -> None:
    market.enrol("north-2", days=1)
    bring(market)
    assert len(list_imports(market.units, agent_of("north-1"), "north-1")) == 1
    with pytest.raises(NotFound):
        list_imports(market.units, agent_of("north-2"), "north-1")
