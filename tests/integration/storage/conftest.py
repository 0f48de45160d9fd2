"""One value of every kind, with everything that it refers to."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import Engine
from support.products import shipped_products

from vpp.auction.bid import Bid, PriceStep, Rebound, StepOffer
from vpp.auction.tender import Tender, TenderState
from vpp.dispatch.event import Event, EventState
from vpp.dispatch.instruction import Instruction, InstructionState, ResourceTarget
from vpp.foundation.clock import ManualClock
from vpp.foundation.interval import Interval
from vpp.portfolio.enrolment import Enrolment, EnrolmentState
from vpp.portfolio.party import Party, PartyKind
from vpp.portfolio.resource import FlexibilityEnvelope, Resource, ResourceKind
from vpp.portfolio.site import Site
from vpp.settlement.adjustment import Adjustment, AdjustmentState
from vpp.settlement.rule_correction import RuleCorrection
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.baseline_records import (
    AggregateBaselineRecord,
    BaselineProvenance,
    MeterEdit,
    MeterEditsRecord,
    RuleChoiceRecord,
)
from vpp.workflows.forecast_records import ForecastRecord
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.records import (
    AwardRecord,
    BaselineRecord,
    BidRecord,
    BidState,
    ClearingRecord,
    DisputeRecord,
    DisputeState,
    RequestRecord,
    StatementRecord,
)

NOW = datetime(2026, 10, 25, 0, 30, 0, 123456, tzinfo=UTC)
START = datetime(2026, 10, 26, 17, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
DELIVERY = Interval(START, START + 2 * QUARTER)


def all_samples() -> SimpleNamespace:
    """One value of every kind; each refers only to the others."""

    party = Party("grid", "Grid operator with “quotes” and ü", PartyKind.OPERATOR)
    owner = Party("owner-1", "Owner", PartyKind.SITE_OWNER)
    site = Site("north-1", "owner-1", "North One", "north", "Europe/London", 2500.1, timedelta(minutes=5))
    resource = Resource(
        "north-1",
        "ups",
        ResourceKind.UPS,
        FlexibilityEnvelope(
            max_reduction_kw=400.3,
            min_reduction_kw=0.1,
            response_time=timedelta(milliseconds=250),
            min_duration=timedelta(0),
            max_duration=timedelta(hours=1),
            energy_budget_kwh=333.3333333333333,
            recovery_ratio=1.05,
            recovery_duration=timedelta(hours=3),
        ),
    )
    product = shipped_products()["example-peak-shaving"].model_copy(update={"version": 1})
    enrolment = Enrolment(
        "north-1-example-peak-shaving", "north-1", "example-peak-shaving", EnrolmentState.ACTIVE
    )
    tender = Tender(
        auction_id="evening",
        product_id="example-peak-shaving",
        product_version=1,
        zone="north",
        delivery=DELIVERY,
        target_reduction_kw=(0.1 + 0.2, 1e-9),
        price_cap_per_mwh=Decimal("1999.999999"),
        gate_closes_at=START - timedelta(hours=3),
        rebound_headroom_kw=None,
        operator_party_id="grid",
        state=TenderState.OPEN,
    )
    event = Event(
        event_id="evening",
        product_id="example-peak-shaving",
        product_version=1,
        zone="north",
        delivery=DELIVERY,
        target_reduction_kw=(150.0, 150.0),
        awarded_reduction_kw=(),
        price_cap_per_mwh=Decimal(2000),
        operator_party_id="grid",
        auction_id="evening",
        state=EventState.OPEN,
    )
    bid = BidRecord(
        bid=Bid(
            bid_id="north-1-b1",
            site_id="north-1",
            resource_id="ups",
            zone="north",
            submitted_at=NOW,
            delivery_ratio=0.9,
            offer=StepOffer(
                steps=((PriceStep(50.0, Decimal("120.50")), PriceStep(0.1, Decimal("121.000001"))), ())
            ),
            energy_limit_kwh=100.5,
            rebound=Rebound(ratio=1.1, window_intervals=4, max_return_kw=80.0),
            exclusive_group="ups-or-chiller",
            parent_bid_id="north-1-b0",
        ),
        auction_id="evening",
        product_id="example-peak-shaving",
        expires_at=None,
        state=BidState.SUBMITTED,
    )
    clearing = ClearingRecord(
        "evening", {"status": "OPTIMAL", "prices": ["57.142858"], "gap": 1e-12, "none": None}
    )
    award = AwardRecord(
        award_id="evening-north-1-b1",
        event_id="evening",
        bid_id="north-1-b1",
        site_id="north-1",
        resource_id="ups",
        delivery=DELIVERY,
        reduction_kw=(50.0, 0.0),
        rebound_kw=(0.0, 0.0, 55.00000000000001),
        price_per_mwh=(Decimal("120.500000"), Decimal("1e3")),
        make_whole=Decimal("0.000001"),
        reason="IN_MERIT",
    )
    instruction = Instruction(
        instruction_id="evening-m0-north-1",
        event_id="evening",
        site_id="north-1",
        modification_number=0,
        delivery=DELIVERY,
        interval=QUARTER,
        target_reduction_kw=(50.0, 0.3),
        resource_targets=(ResourceTarget("ups", (50.0, 0.3)),),
        expires_at=DELIVERY.end,
        state=InstructionState.CREATED,
    )
    baseline = BaselineRecord(
        event_id="evening",
        site_id="north-1",
        delivery=DELIVERY,
        method="high-4-of-5",
        days_used=(date(2026, 10, 24), date(2026, 10, 23)),
        raw_kw=(1000.1, 999.9),
        adjustment_kw=-3.3,
        adjusted=True,
        adjusted_kw=(996.8, 996.6),
        provenance=BaselineProvenance(
            rule_id="high-4-of-5",
            rule_version=3,
            rule_digest="ef" * 32,
            engine_version="1",
            data_version="01" * 32,
            adjustment_ratio=1.0,
            capped=False,
            inputs={"start": "2026-09-09T00:00:00+00:00", "holidays": [], "contract_kw": 0.1 + 0.2},
            notes=("values that nobody checked: “days.classes”",),
            score={"rule_digest": "ef" * 32, "rrmse_ratio": 1 / 3, "rmae_ratio": None},
            flags=({"kind": "raised_load", "value": 1.25, "limit": 1.2, "reason": "25 % above like days"},),
        ),
        before_kw=(990.1, 0.1 + 0.2),
        after_kw=(1000.5,),
    )
    aggregate = AggregateBaselineRecord(
        event_id="evening",
        delivery=DELIVERY,
        method="high-4-of-5",
        days_used=(date(2026, 10, 24),),
        raw_kw=(0.1 + 0.2, 999.9),
        adjustment_kw=-3.3,
        adjusted=True,
        adjusted_kw=(996.8, 996.6),
        rule_id="high-4-of-5",
        rule_digest="ef" * 32,
        site_ids=("north-1", "north-2"),
        data_version="01" * 32,
        notes=("readings “estimated”",),
    )
    choice = RuleChoiceRecord(
        choice_id="north-1-example-peak-shaving-2026-winter",
        site_id="north-1",
        product_id="example-peak-shaving",
        product_version=1,
        season_id="2026-winter",
        baseline_id="high-4-of-5",
        rule_digest="ef" * 32,
        recommended=True,
        reason="own rule passes",
        scores=({"baseline_id": "high-4-of-5", "rrmse_ratio": 0.1 + 0.2, "rmae_ratio": None},),
        engine_version="1",
        data_version="01" * 32,
    )
    edits = MeterEditsRecord(
        edits_id=f"north-1-{'01' * 32}",
        site_id="north-1",
        data_version="01" * 32,
        step=timedelta(minutes=5),
        edits=(
            MeterEdit(DELIVERY, "stuck", "the same value for hours"),
            MeterEdit(
                DELIVERY, "spike+linear", "spike; a line between the neighbours", (9e9, 1.0), (1.0, 0.3)
            ),
        ),
        editing_version="editing-1",
    )
    forecast = ForecastRecord(
        site_id="north-1",
        made_at=NOW,
        horizon=Interval(datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 10, 26, tzinfo=UTC)),
        step_s=900,
        method="ensemble",
        p10_kw=(1.0, 2.0),
        p50_kw=(1.5, 2.5),
        p90_kw=(2.0, 1 / 3),
    )
    request = RequestRecord("create_auction", "ab" * 32, "evening")
    statement = StatementRecord(
        statement_id="owner-1-2026-10-v1",
        party_id="owner-1",
        period="2026-10",
        version=1,
        run_type="initial",
        line_count=4,
        currency="GBP",
        total=Decimal("-12.34"),
        delta=Decimal("9223372036854.775807"),
        csv_sha256="cd" * 32,
        files={"statement.csv": b'"a","\xc3\xbc"\r\n', "manifest.json": b"{}\x00\xff"},
    )
    dispute = DisputeRecord(
        dispute_id="owner-1-2026-10-v1-d1",
        statement_id="owner-1-2026-10-v1",
        party_id="owner-1",
        line_numbers=(1, 3),
        description="the meter was off",
        state=DisputeState.UPHELD,
        resolution="it was",
        period="2026-10",
        raised_by="owner",
        decided_by="officer",
        decided_at=NOW,
        measure_again=True,
        measured_pairs=(("evening", "north-1"),),
    )
    adjustment = Adjustment(
        adjustment_id="adj-2026-10-1",
        period="2026-10",
        payer_party_id="grid",
        payee_party_id="owner-1",
        amount=Decimal("12.340000"),
        currency="GBP",
        reason="agreed after the dispute, “as a matter of goodwill”",
        event_id="evening",
        site_id="north-1",
        dispute_id="owner-1-2026-10-v1-d1",
        state=AdjustmentState.APPROVED,
        proposed_by="officer",
        decided_by="second",
        decided_at=NOW,
    )
    correction = RuleCorrection(
        correction_id="cor-1",
        event_id="evening",
        product_id="example-peak-shaving",
        from_version=1,
        to_version=1,
        reason="the penalty was entered wrongly",
        state=AdjustmentState.PROPOSED,
        proposed_by="officer",
    )

    def batch(sequence: int, values_kw: list[float], *, start: datetime = START) -> TelemetryBatch:
        """A batch of north-1."""
        return TelemetryBatch(
            "north-1", sequence, start, timedelta(minutes=5), np.array(values_kw), MeterQuality.OK
        )

    return SimpleNamespace(**locals())


@pytest.fixture
def samples() -> SimpleNamespace:
    return all_samples()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def units(engine: Engine, clock: ManualClock) -> UnitOfWorkFactory:
    """Units of work on an empty database of each kind."""
    return SqlUnitOfWorkFactory(engine, clock)


@pytest.fixture
def seed(samples: SimpleNamespace) -> Callable[[UnitOfWorkFactory], None]:
    """Store what the other samples refer to: parties, site, resource, product."""

    def store(units: UnitOfWorkFactory) -> None:
        with units() as uow:
            uow.parties.add("grid", samples.party)
            uow.parties.add("owner-1", samples.owner)
            uow.sites.add("north-1", samples.site)
            uow.resources.add("north-1/ups", samples.resource)
            uow.products.add(samples.product)
            uow.commit()

    return store


@pytest.fixture
def seeded(units: UnitOfWorkFactory, seed: Callable[[UnitOfWorkFactory], None]) -> UnitOfWorkFactory:
    """Units of work on a database that knows parties, a site, its resource and a product."""
    seed(units)
    return units
