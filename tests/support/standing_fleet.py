"""Many enrolled sites with standing bids and forecasts, written in bulk: something to call at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np

from vpp.auction.bid import Bid, PriceStep, StepOffer
from vpp.foundation.interval import Interval
from vpp.foundation.random_source import SYSTEM_RANDOM_SOURCE
from vpp.portfolio.enrolment import Enrolment, EnrolmentState
from vpp.portfolio.party import Party, PartyKind
from vpp.portfolio.resource import FlexibilityEnvelope, Resource, ResourceKind
from vpp.portfolio.site import Site
from vpp.workflows.forecast_records import ForecastKind, ForecastRecord
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.records import BidRecord, BidState
from vpp.workflows.sealing import sealed

FIVE = timedelta(minutes=5)
HOUR = timedelta(hours=1)
EMERGENCY_PRODUCT = "example-emergency"
OFFERED_KW = 150.0


@dataclass(frozen=True)
class StandingFleet:
    """Sites of one zone, each with a battery that stands ready.

    Attributes:
        count: How many.
        seed: Decides prices, quantities and loads.
        zone: Where they are.
        prefix: Sites are `{prefix}{number:05}`.
    """

    count: int
    seed: int = 1
    zone: str = "north"
    prefix: str = "site-"

    @property
    def site_ids(self) -> list[str]:
        return [f"{self.prefix}{n:05}" for n in range(self.count)]

    @property
    def offered_kw(self) -> list[float]:
        dice = np.random.default_rng(self.seed)
        found: list[float] = (dice.uniform(0.5, 1.0, self.count) * OFFERED_KW).round(2).tolist()
        return found

    def enrol(self, units: UnitOfWorkFactory, forecast: Interval) -> None:
        """Write parties and sites, and what stands ready at them."""
        with units() as uow:
            for site_id in self.site_ids:
                uow.parties.add(f"owner-{site_id}", Party(f"owner-{site_id}", site_id, PartyKind.SITE_OWNER))
            uow.sites.add_all({site_id: self._site(site_id) for site_id in self.site_ids})
            uow.commit()
        self.stand_ready(units, forecast)

    def stand_ready(self, units: UnitOfWorkFactory, forecast: Interval) -> None:
        """Write batteries, enrolments and standing bids of sites that exist, and a forecast of their load."""
        dice = np.random.default_rng(self.seed + 1)
        prices = dice.uniform(50.0, 1500.0, self.count).round(2)
        load_kw = dice.uniform(600.0, 1400.0, self.count).round(1)
        with units() as uow:
            uow.resources.add_all({f"{site_id}/battery": _battery(site_id) for site_id in self.site_ids})
            for site_id in self.site_ids:
                key = f"{site_id}-{EMERGENCY_PRODUCT}"
                uow.enrolments.add(key, Enrolment(key, site_id, EMERGENCY_PRODUCT, EnrolmentState.ACTIVE))
            bids = [
                self._bid(site_id, kw, Decimal(repr(float(price))), uow.now)
                for site_id, kw, price in zip(self.site_ids, self.offered_kw, prices, strict=True)
            ]
            uow.bids.add_all({record.bid.bid_id: record for record in bids})
            for site_id, kw in zip(self.site_ids, load_kw, strict=True):
                uow.forecasts.add(_forecast(site_id, forecast, float(kw), uow.now))
            uow.commit()

    def _site(self, site_id: str) -> Site:
        return Site(site_id, f"owner-{site_id}", site_id, self.zone, "Europe/London", 3000.0, FIVE)

    def _bid(self, site_id: str, reduction_kw: float, price: Decimal, now: datetime) -> BidRecord:
        offer = StepOffer(steps=((PriceStep(reduction_kw, price),),))
        bid = Bid(f"{site_id}-standing-1", site_id, "battery", self.zone, now, 1.0, offer)
        record = BidRecord(bid, None, EMERGENCY_PRODUCT, None, BidState.SUBMITTED)
        return sealed(record, "GBP", SYSTEM_RANDOM_SOURCE)  # as every bid that stands


def _battery(site_id: str) -> Resource:
    envelope = FlexibilityEnvelope(200.0, 0.0, FIVE, timedelta(0), 4 * HOUR, 800.0, 1.0, 2 * HOUR)
    return Resource(site_id, "battery", ResourceKind.BATTERY, envelope)


def _forecast(site_id: str, day: Interval, load_kw: float, made_at: datetime) -> ForecastRecord:
    count = int(day.duration / FIVE)
    return ForecastRecord(
        site_id=site_id,
        made_at=made_at,
        horizon=day,
        step_s=300,
        method="ensemble",
        p10_kw=(0.9 * load_kw,) * count,
        p50_kw=(load_kw,) * count,
        p90_kw=(1.1 * load_kw,) * count,
        kind=ForecastKind.DAY_AHEAD,
    )
