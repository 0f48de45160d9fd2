"""An event of very many sites in mid-course, written straight into the hub's tables: for measuring looks."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
from support.market import FIVE, NOON, RULES, Market, make_market, step_bid

from vpp.dispatch.event import Event, EventState
from vpp.dispatch.instruction import Instruction, InstructionState, ResourceTarget
from vpp.dispatch.tracking.rules import TrackingRules
from vpp.foundation.interval import Interval
from vpp.foundation.random_source import SYSTEM_RANDOM_SOURCE
from vpp.portfolio.enrolment import Enrolment, EnrolmentState
from vpp.portfolio.party import Party, PartyKind
from vpp.portfolio.resource import FlexibilityEnvelope, Resource, ResourceKind
from vpp.portfolio.site import Site
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.looks import look_subject
from vpp.workflows.ports import Due, DueKind
from vpp.workflows.records import AwardRecord, BaselineRecord, BidRecord, BidState
from vpp.workflows.sealing import sealed

FOLLOWED = replace(RULES, tracking=TrackingRules())
PRODUCT = "example-peak-shaving"
STEPS = 8
SOLD_KW = 50.0
LOOKED_AT = NOON + timedelta(minutes=20, seconds=20)
LOOK = look_subject("large", LOOKED_AT)


def make_large_event(folder: Path, site_count: int, *, short_share: float) -> Market:
    """Begin an event of half of the sites, twenty minutes ago; all of them stand by with more.

    Args:
        folder: Where the database lies.
        site_count: Sites in all.
        short_share: Share of the instructed sites that deliver nothing.
    """
    market = make_market(folder)
    site_ids = [f"site-{n:05d}" for n in range(site_count)]
    delivery = Interval(NOON, NOON + timedelta(hours=2))
    instructed = site_ids[: site_count // 2]
    hour = timedelta(hours=1)
    envelope = FlexibilityEnvelope(200.0, 0.0, timedelta(minutes=1), timedelta(0), 4 * hour, 800.0, 0.0, hour)
    with market.units() as uow:
        uow.parties.add("owner", Party("owner", "Owner", PartyKind.SITE_OWNER))
        uow.sites.add_all(
            {name: Site(name, "owner", name, "north", "Europe/London", 3000.0, FIVE) for name in site_ids}
        )
        uow.resources.add_all(
            {
                f"{name}/battery": Resource(name, "battery", ResourceKind.BATTERY, envelope)
                for name in site_ids
            }
        )
        for name in site_ids:
            enrolment = Enrolment(f"{name}-{PRODUCT}", name, PRODUCT, EnrolmentState.ACTIVE)
            uow.enrolments.add(enrolment.enrolment_id, enrolment)
        bids = {
            f"stand-{name}": replace(
                step_bid(name, 100.0, str(90 + n % 40), intervals=1), bid_id=f"stand-{name}", zone="north"
            )
            for n, name in enumerate(site_ids)
        }
        sold = {
            f"sold-{name}": replace(step_bid(name, SOLD_KW, "50"), bid_id=f"sold-{name}", zone="north")
            for name in instructed
        }
        uow.bids.add_all(
            {
                name: sealed(
                    BidRecord(bid, None, PRODUCT, None, BidState.SUBMITTED), "GBP", SYSTEM_RANDOM_SOURCE
                )
                for name, bid in bids.items()
            }
            | {name: BidRecord(bid, None, PRODUCT, None, BidState.WITHDRAWN) for name, bid in sold.items()}
        )
        product = uow.products.latest(PRODUCT)
        assert product is not None
        target = (SOLD_KW * len(instructed),) * STEPS
        event = Event(
            event_id="large",
            product_id=PRODUCT,
            product_version=product.version,
            zone="north",
            delivery=delivery,
            target_reduction_kw=target,
            awarded_reduction_kw=target,
            price_cap_per_mwh=Decimal(2000),
            operator_party_id="grid",
            auction_id=None,
            state=EventState.ACTIVE,
        )
        uow.events.add("large", event)
        quarter = (delivery.end - delivery.start) / STEPS
        uow.instructions.add_all(
            {
                f"large-m0-{name}": Instruction(
                    instruction_id=f"large-m0-{name}",
                    event_id="large",
                    site_id=name,
                    modification_number=0,
                    delivery=delivery,
                    interval=quarter,
                    target_reduction_kw=(SOLD_KW,) * STEPS,
                    resource_targets=(ResourceTarget("battery", (SOLD_KW,) * STEPS),),
                    expires_at=delivery.start,
                    state=InstructionState.STARTED,
                )
                for name in instructed
            }
        )
        uow.awards.add_all(
            {
                f"large-sold-{name}": AwardRecord(
                    f"large-sold-{name}",
                    "large",
                    f"sold-{name}",
                    name,
                    "battery",
                    delivery,
                    (SOLD_KW,) * STEPS,
                    (0.0,) * 32,
                    (Decimal(50),) * STEPS,
                    Decimal(0),
                    "ACCEPTED",
                )
                for name in instructed
            }
        )
        uow.baselines.add_all({f"large-{name}": _baseline(name, delivery) for name in instructed})
        uow.due.add(Due(DueKind.TRACKING, LOOK, LOOKED_AT))
        uow.commit()
    short = frozenset(instructed[: round(short_share * len(instructed))])
    batches = [
        TelemetryBatch(
            name,
            1,
            NOON - timedelta(minutes=15),
            FIVE,
            np.array([1000.0] * 3 + [1000.0 if name in short else 1000.0 - SOLD_KW] * 4),
            MeterQuality.OK,
        )
        for name in instructed
    ]
    market.clock.advance_to(LOOKED_AT)
    with market.units() as uow:
        uow.telemetry.add(batches)
        uow.commit()
    return market


def _baseline(site_id: str, delivery: Interval) -> BaselineRecord:
    flat_kw = (1000.0,) * STEPS
    return BaselineRecord(
        event_id="large",
        site_id=site_id,
        delivery=delivery,
        method="flat",
        days_used=(),
        raw_kw=flat_kw,
        adjustment_kw=0.0,
        adjusted=True,
        adjusted_kw=flat_kw,
    )
