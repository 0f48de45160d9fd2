"""A whole day of six sites with faults: paid from the same bytes whenever it is played again."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from support.day import Day, make_day
from support.market import EVENING, GATE, NOON, OPERATOR, RULES

from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import InstructionState
from vpp.foundation.interval import Interval
from vpp.workflows.emergencies import create_emergency_event
from vpp.workflows.watching import event_status

pytestmark = pytest.mark.timeout(300)
SITE_COUNT = 6
EMERGENCY = Interval(
    NOON + timedelta(days=1, hours=1, minutes=30), NOON + timedelta(days=1, hours=2, minutes=30)
)


def play(folder: Path, seed: int) -> Day:
    """Play a day: an auction, an emergency, a kill in its middle, a cut link in the evening."""
    day = make_day(folder, site_count=SITE_COUNT, seed=seed)
    day.until(NOON + timedelta(minutes=30))
    first = Interval(NOON, NOON + timedelta(minutes=5))
    with day.market.units(write=False) as uow:
        load_kw = sum(uow.telemetry.load(site_id, first)[0].net_power_kw[0] for site_id in day.sites)
    day.market.open_auction(round(0.12 * load_kw))
    day.until(GATE + timedelta(minutes=10))
    day.until(EMERGENCY.start - timedelta(minutes=30))
    create_emergency_event(
        day.market.units,
        OPERATOR,
        day.market.pool,
        RULES,
        event_id="storm",
        product_id="example-emergency",
        zone="north",
        delivery=EMERGENCY,
        target_reduction_kw=(round(0.05 * load_kw),) * 4,
        price_cap_per_mwh=Decimal(2500),
        currency="GBP",
        request_id="",
    )
    day.until(EMERGENCY.start + timedelta(minutes=15))
    day.kill("site-001")
    day.until(EMERGENCY.start + timedelta(minutes=40))
    day.start("site-001")
    day.until(EVENING.start + timedelta(minutes=30))
    day.cut("site-002")
    day.until(EVENING.end + timedelta(minutes=10))
    day.connect("site-002")
    day.until(EVENING.end + timedelta(hours=4))
    return day


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    day = play(tmp_path_factory.mktemp("day"), seed=11)
    yield day
    day.close()


def test_the_portfolio_delivers_within_the_band(day: Day) -> None:
    for event_id in ("storm", "evening"):
        status = event_status(day.market.units, OPERATOR, event_id)
        assert status.event.value.state is EventState.SETTLED
        ratio = status.delivered_energy_kwh / status.target_energy_kwh
        assert 0.9 <= ratio <= 1.2, f"{event_id} delivered {ratio:.3f} of its target"


def test_no_instruction_is_lost_doubled_or_late(day: Day) -> None:
    over = {InstructionState.COMPLETED, InstructionState.REFUSED, InstructionState.ABORTED}
    with day.market.units(write=False) as uow:
        records = uow.audit.page(limit=100_000)
        for site_id in day.sites:
            assert uow.outbox.open(site_id) == []
    for event_id in ("storm", "evening"):
        instructions = day.market.instructions(event_id)
        assert len({item.site_id for item in instructions}) == len(instructions) > 0
        for item in instructions:
            assert item.state in over
            reports = [
                record.detail["state"]
                for record in records
                if record.action == "report_instruction"
                and record.subject == f"instructions/{item.instruction_id}"
            ]
            assert len(reports) == len(set(reports))
            assert reports in (["ACCEPTED", "STARTED", "COMPLETED"], ["PARTIAL", "STARTED", "COMPLETED"])


def test_every_reading_is_there_once(day: Day) -> None:
    span = Interval(NOON, EVENING.end)
    with day.market.units(write=False) as uow:
        for site_id in day.sites:
            batches = uow.telemetry.load(site_id, span)
            covered = sum(
                1
                for batch in batches
                for n in range(len(batch.net_power_kw))
                if batch.start_at + n * batch.sample_interval in span
            )
            assert covered == span.duration // timedelta(minutes=5)


def test_statements_add_up_and_money_in_is_money_out(day: Day) -> None:
    total = Decimal(0)
    for name, content in day.statement_files().items():
        if name.startswith("statement_") and name.endswith("_v1.csv"):
            rows = csv.DictReader(io.StringIO(content.decode(), newline=""))
            total += sum((Decimal(row["amount"]) for row in rows), Decimal(0))
    assert total == 0
    called = {item.site_id for event_id in ("storm", "evening") for item in day.market.instructions(event_id)}
    manifests = [name for name in day.statement_files() if name.endswith(".manifest.json")]
    assert len(manifests) == len(called) + 2


def test_every_bid_has_a_reason_and_every_site_a_forecast(day: Day) -> None:
    with day.market.units(write=False) as uow:
        bids = [stored.value for stored in uow.bids.page()]
        assert len(bids) > SITE_COUNT
        assert [record.bid.bid_id for record in bids if not record.reason] == []
        for site_id in day.sites:
            forecast = uow.forecasts.covering(site_id, EVENING.start)
            assert forecast is not None
            assert forecast.made_at < EVENING.start


def test_the_same_seed_writes_the_same_bytes(day: Day, tmp_path: Path) -> None:
    second = play(tmp_path, seed=11)
    second.close()
    again = second.statement_files()
    assert again == day.statement_files()
    assert len(again) > SITE_COUNT
