"""Every kind of value comes back exactly as it was stored, on both databases."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from support.offers import EVERY_KIND, ONLY_IN_BOOKS, TERMS

from vpp.auction.bid import Bid, BlockOffer
from vpp.auction.rules import TieRule, UniformPrice
from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import InstructionState, RefusalReason
from vpp.dispatch.purpose import EventPurpose
from vpp.foundation.clock import ManualClock
from vpp.foundation.direction import Direction
from vpp.foundation.errors import AlreadyExists, InvalidInput
from vpp.foundation.interval import Interval
from vpp.workflows.baseline_records import MeterEdit
from vpp.workflows.ports import Stored, UnitOfWorkFactory
from vpp.workflows.records import AuditRecord, BidState

KINDS = {
    "parties": ("grid", "party"),
    "sites": ("north-1", "site"),
    "resources": ("north-1/ups", "resource"),
    "enrolments": ("north-1-example-peak-shaving", "enrolment"),
    "auctions": ("evening", "tender"),
    "events": ("evening", "event"),
    "bids": ("north-1-b1", "bid"),
    "clearings": ("evening", "clearing"),
    "awards": ("evening-north-1-b1", "award"),
    "instructions": ("evening-m0-north-1", "instruction"),
    "baselines": ("evening-north-1", "baseline"),
    "aggregate_baselines": ("evening", "aggregate"),
    "rule_choices": ("north-1-example-peak-shaving-2026-winter", "choice"),
    "meter_edits": (f"north-1-{'01' * 32}", "edits"),
    "requests": ("operator-1", "request"),
    "statements": ("owner-1-2026-10-v1", "statement"),
    "disputes": ("owner-1-2026-10-v1-d1", "dispute"),
    "adjustments": ("adj-2026-10-1", "adjustment"),
    "rule_corrections": ("cor-1", "correction"),
}
"""Repository to id and sample, in an order in which each finds what it refers to."""

SEEDED = {"parties", "sites", "resources"}
FIXED = {"statements"}
"""What is written once and never altered."""


@pytest.fixture
def filled(seeded: UnitOfWorkFactory, samples: SimpleNamespace) -> UnitOfWorkFactory:
    with seeded() as uow:
        for repository, (identifier, sample) in KINDS.items():
            if repository not in SEEDED:
                getattr(uow, repository).add(identifier, getattr(samples, sample))
        uow.commit()
    return seeded


def test_every_kind_of_value_comes_back_as_it_was(
    filled: UnitOfWorkFactory, samples: SimpleNamespace, clock: ManualClock
) -> None:
    with filled(write=False) as uow:
        for repository, (identifier, sample) in KINDS.items():
            expected = Stored(getattr(samples, sample), 1, clock.now(), clock.now())
            assert getattr(uow, repository).get(identifier) == expected, repository
            assert expected in getattr(uow, repository).page(), repository
            assert getattr(uow, repository).get(f"{identifier}-other") is None, repository


def test_an_update_keeps_the_beginning_and_counts_up(
    filled: UnitOfWorkFactory, samples: SimpleNamespace, clock: ManualClock
) -> None:
    created_at = clock.now()
    later = created_at + timedelta(hours=1)
    clock.advance_to(later)
    for repository, (identifier, sample) in KINDS.items():
        if repository in FIXED:
            continue
        expected = Stored(getattr(samples, sample), 2, created_at, later)
        with filled() as uow:
            updated = getattr(uow, repository).update(identifier, expected.value, revision=1)
            uow.commit()
        assert updated == expected, repository
        with filled(write=False) as uow:
            assert getattr(uow, repository).get(identifier) == expected, repository


def test_the_other_shapes_of_values(filled: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    """What the samples leave out: blocks, standing bids, answers, cancellations, gaps."""
    block = replace(
        samples.bid,
        bid=replace(
            samples.bid.bid,
            bid_id="north-1-b2",
            offer=BlockOffer((100.0, -30.5), Decimal("99.999999"), Decimal(12), 0.25),
            energy_limit_kwh=None,
            rebound=None,
            exclusive_group=None,
            parent_bid_id=None,
        ),
        auction_id=None,
        expires_at=datetime(2026, 12, 31, tzinfo=UTC),
        state=BidState.REJECTED,
        reason="PRICE_ABOVE_CLEARING",
        reason_detail="99.999999 > 57",
    )
    event = replace(
        samples.event,
        event_id="emergency",
        auction_id=None,
        awarded_reduction_kw=(1.0, 2.0),
        state=EventState.CANCELLED,
        failure_reason="NO_AWARDS",
        modification_number=2,
        cancelled_at=datetime(2026, 10, 26, 17, 5, tzinfo=UTC),
    )
    answer = replace(
        samples.instruction,
        instruction_id="evening-m1-north-1",
        state=InstructionState.PARTIAL,
        reason=RefusalReason.SITE_LIMIT,
        reason_detail="Kühlung am Anschlag",
        accepted_reduction_kw=12.5,
    )
    tender = replace(
        samples.tender,
        auction_id="late",
        rebound_headroom_kw=80.25,
        terms=TERMS,
        uniform_price=UniformPrice.CONVEX_HULL,
        tie_rule=TieRule.PRO_RATA,
    )
    with filled() as uow:
        uow.bids.add("north-1-b2", block)
        uow.events.add("emergency", event)
        uow.instructions.add("evening-m1-north-1", answer)
        uow.auctions.add("late", tender)
        uow.commit()
    with filled(write=False) as uow:
        found = [
            uow.bids.get("north-1-b2"),
            uow.events.get("emergency"),
            uow.instructions.get("evening-m1-north-1"),
            uow.auctions.get("late"),
        ]
    assert [stored.value for stored in found if stored] == [block, event, answer, tender]


@pytest.mark.parametrize(
    "offered", [*EVERY_KIND.values(), *ONLY_IN_BOOKS.values()], ids=lambda bid: str(bid.bid_id)
)
def test_a_bid_of_every_kind(filled: UnitOfWorkFactory, samples: SimpleNamespace, offered: Bid) -> None:
    record = replace(samples.bid, bid=replace(offered, site_id="north-1"))
    with filled() as uow:
        uow.bids.add(offered.bid_id, record)
        uow.commit()
    with filled(write=False) as uow:
        stored = uow.bids.get(offered.bid_id)
    assert stored is not None
    assert stored.value == record
    assert repr(stored.value) == repr(record)


def test_a_gap_in_a_baseline_stays_a_gap(filled: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    with filled() as uow:
        uow.baselines.add("gappy", replace(samples.baseline, raw_kw=(math.nan, 1.0)))
        stored = uow.baselines.get("gappy")
    assert stored is not None
    assert [math.isnan(value) for value in stored.value.raw_kw] == [True, False]


def test_a_baseline_from_before_its_rule_was_kept(
    filled: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    older = replace(samples.baseline, provenance=None, before_kw=(), after_kw=())
    with filled() as uow:
        uow.baselines.add("older", older)
        stored = uow.baselines.get("older")
    assert stored is not None
    assert stored.value == older


def test_a_gap_in_edited_readings_stays_a_gap(filled: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    gappy = MeterEdit(
        samples.edits.edits[0].span, "missing+long_gap", "too long", (math.nan, 1.0), (2.0, math.nan)
    )
    with filled() as uow:
        uow.meter_edits.add("gappy", replace(samples.edits, edits_id="gappy", edits=(gappy,)))
        stored = uow.meter_edits.get("gappy")
    assert stored is not None
    [edit] = stored.value.edits
    assert [math.isnan(value) for value in (*edit.raw_kw, *edit.edited_kw)] == [True, False, False, True]


def test_versions_of_a_product(seeded: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    second = samples.product.model_copy(update={"version": 2, "display_name": "Second"})
    tenth = samples.product.model_copy(update={"version": 10, "display_name": "Tenth"})
    other = samples.product.model_copy(update={"product_id": "another"})
    with seeded() as uow:
        for profile in (second, tenth, other, samples.product):
            uow.products.add(profile)
        uow.commit()
    with seeded(write=False) as uow:
        assert uow.products.get("example-peak-shaving", 1) == samples.product
        assert uow.products.get("example-peak-shaving", 2) == second
        assert uow.products.get("example-peak-shaving", 3) is None
        assert uow.products.latest("example-peak-shaving") == tenth
        assert uow.products.latest("unknown") is None
        assert uow.products.all_latest() == [other, tenth]


def test_a_version_of_a_product_cannot_change(seeded: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    changed = samples.product.model_copy(update={"display_name": "Changed"})
    with seeded() as uow:
        with pytest.raises(AlreadyExists, match="version 1 has other content"):
            uow.products.add(changed)
        assert uow.products.latest("example-peak-shaving") == samples.product


def test_forecasts(seeded: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    day = timedelta(days=1)
    first = samples.forecast
    repeated = replace(first, method="repeated")
    newer = replace(
        first,
        made_at=first.made_at + timedelta(hours=1),
        horizon=Interval(first.horizon.start + timedelta(hours=12), first.horizon.end + day),
    )
    with seeded() as uow:
        uow.forecasts.add(first)
        uow.forecasts.add(repeated)
        uow.forecasts.add(newer)
        uow.commit()
    with seeded(write=False) as uow:
        covering = uow.forecasts.covering
        assert covering("north-1", first.horizon.start) == first
        assert covering("north-1", first.horizon.end - timedelta(microseconds=1)) == newer
        assert covering("north-1", newer.horizon.end) is None
        assert covering("north-1", first.horizon.start - timedelta(microseconds=1)) is None
        assert covering("north-2", first.horizon.start) is None


def test_audit_records_come_in_order_and_in_pages(seeded: UnitOfWorkFactory, clock: ManualClock) -> None:
    records = [
        AuditRecord(clock.now(), "hub", f"step-{n}", "events/evening", {"n": str(n), "text": "ü"})
        for n in range(5)
    ]
    with seeded() as uow:
        uow.audit.append(records[0])
        uow.commit()
    with seeded() as uow:  # PostgreSQL does not give the number of this one to another
        uow.audit.append(records[1])
    with seeded() as uow:
        for record in records[1:]:
            uow.audit.append(record)
        uow.commit()
    with seeded(write=False) as uow:
        assert uow.audit.page() == records
        assert uow.audit.page(after=2, limit=2) == records[2:4]
        assert uow.audit.page(after=5) == []
        with pytest.raises(InvalidInput, match="expected 0 or more"):
            uow.audit.page(after=-1)


def test_what_an_order_adds_comes_back_too(filled: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    event = replace(
        samples.event, event_id="order", auction_id=None, purpose=EventPurpose.TEST, site_ids=("north-1",)
    )
    instruction = replace(
        samples.instruction,
        instruction_id="order-m0-north-1",
        event_id="order",
        purpose=EventPurpose.TEST,
        start_offset=timedelta(seconds=42.3),
        release_offset=timedelta(minutes=4),
        state=InstructionState.SUPERSEDED,
        answer=InstructionState.PARTIAL,
    )
    with filled() as uow:
        uow.events.add("order", event)
        uow.instructions.add(instruction.instruction_id, instruction)
        uow.commit()
    with filled(write=False) as uow:
        for repository, key, value in (
            ("events", "order", event),
            ("instructions", instruction.instruction_id, instruction),
        ):
            stored = getattr(uow, repository).get(key)
            assert stored is not None
            assert stored.value == value


def test_which_way_an_event_goes_comes_back_too(filled: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    up = Direction.LOAD_UP
    envelope = replace(samples.resource.envelope, max_increase_kw=250.7, increase_budget_kwh=0.0)
    added = {
        "resources": ("north-1/pool", replace(samples.resource, resource_id="pool", envelope=envelope)),
        "auctions": ("surplus", replace(samples.tender, auction_id="surplus", direction=up)),
        "events": ("surplus", replace(samples.event, event_id="surplus", auction_id="surplus", direction=up)),
        "instructions": (
            "surplus-m0-north-1",
            replace(
                samples.instruction, instruction_id="surplus-m0-north-1", event_id="surplus", direction=up
            ),
        ),
    }
    with filled() as uow:
        for repository, (key, value) in added.items():
            getattr(uow, repository).add(key, value)
        uow.commit()
    with filled(write=False) as uow:
        for repository, (key, value) in added.items():
            stored = getattr(uow, repository).get(key)
            assert stored is not None
            assert stored.value == value
        during = uow.claims.events_during(samples.event.delivery)
        assert [each for each in during if each.direction is up] == [added["events"][1]]
