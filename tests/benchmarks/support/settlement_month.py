"""A month of events at many sites: what they sold, were told and were metered, for measuring settlements."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
from support.products import shipped_products

from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval
from vpp.portfolio.product import ProductProfile
from vpp.settlement.evidence import BaselineEvidence, MeterEvidence, SiteEvidence
from vpp.settlement.site_delivery import EmissionFactor
from vpp.telemetry.quality import MeterQuality

QUARTER = timedelta(minutes=15)
FIRST_DAY = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 31
PERIOD = "2026-03"
OPERATOR, AGGREGATOR = "grid", "hub"
TIME_ZONE = "Europe/London"  # whose clocks change on the 29th
SEED = 7
FACTOR = EmissionFactor(Decimal("0.177"), "benchmark, made up")


@dataclass(frozen=True)
class SettlementMonth:
    """A month of events that each call every site for as many quarter hours.

    Attributes:
        sites: How many sites.
        sites_per_owner: How many of them belong to one owner.
        events: How many events, one a day, at most 31.
        intervals: Settlement intervals of an event.
    """

    sites: int = 1000
    sites_per_owner: int = 4
    events: int = 20
    intervals: int = 10

    @cached_property
    def product(self) -> ProductProfile:
        """The product of all events."""
        return shipped_products()["example-peak-shaving"]

    @cached_property
    def load_kw(self) -> npt.NDArray[np.float64]:
        """Metered load of the month, kW. Shape (sites, 31 days x 96)."""
        dice = np.random.default_rng(SEED)
        quarter = np.arange(DAYS * 96)
        daily = 1000.0 + 200.0 * np.sin(2.0 * np.pi * (quarter % 96) / 96.0)
        load = daily[None, :] * dice.uniform(0.5, 2.0, size=(self.sites, 1))
        load = load + dice.normal(0.0, 15.0, size=load.shape)
        for n in range(self.events):
            columns = self._columns(n)
            load[:, columns] -= self.target_kw[:, None] * self._delivered_ratio[:, n, None]
        return np.maximum(load, 0.0).round(3)

    @cached_property
    def baseline_kw(self) -> npt.NDArray[np.float64]:
        """What the sites would have used in the events, kW. Shape (sites, events, intervals)."""
        dice = np.random.default_rng(SEED + 1)
        undisturbed = np.stack([self.load_kw[:, self._columns(n)] for n in range(self.events)], axis=1)
        undisturbed = undisturbed + self.target_kw[:, None, None] * self._delivered_ratio[:, :, None]
        return (undisturbed + dice.normal(0.0, 5.0, size=undisturbed.shape)).round(3)

    @cached_property
    def target_kw(self) -> npt.NDArray[np.float64]:
        """What every event asks of each site, kW. Shape (sites,)."""
        return np.random.default_rng(SEED + 2).uniform(50.0, 250.0, size=self.sites).round(1)

    @cached_property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Which sites' meters are silent in which events. Shape (sites, events)."""
        return np.random.default_rng(SEED + 3).random((self.sites, self.events)) < 0.01

    @cached_property
    def _delivered_ratio(self) -> npt.NDArray[np.float64]:
        """Most deliver what was asked, some more than is paid, some too little. Shape (sites, events)."""
        return np.random.default_rng(SEED + 4).normal(1.0, 0.25, size=(self.sites, self.events)).clip(0.0)

    def _columns(self, n: int) -> slice:
        """Return where an event lies in the month's quarter hours."""
        first = (self.span(n).start - FIRST_DAY) // QUARTER
        return slice(first, first + self.intervals)

    def site_id(self, site: int) -> str:
        """Return the id of a site."""
        return f"site-{site:04d}"

    def party_id(self, site: int) -> str:
        """Return the owner of a site."""
        return f"owner-{site // self.sites_per_owner:04d}"

    def event_id(self, n: int) -> str:
        """Return the id of an event."""
        return f"event-{n:02d}"

    def span(self, n: int) -> Interval:
        """Return when an event is: from 17:00 UTC on."""
        start = FIRST_DAY + timedelta(days=n, hours=17)
        return Interval(start, start + self.intervals * QUARTER)

    def price_per_mwh(self, n: int) -> Decimal:
        """Return the clearing price of an event."""
        return Decimal(80) + Decimal(n) * Decimal("7.25")

    def evidence(self) -> Iterator[SiteEvidence]:
        """Yield what settlement knows, by event and site."""
        for n in range(self.events):
            yield from self._evidence_of(n)

    def _evidence_of(self, n: int) -> Iterator[SiteEvidence]:
        span, count = self.span(n), self.intervals
        zone = ZoneInfo(TIME_ZONE)
        local_starts = tuple((span.start + k * QUARTER).astimezone(zone).isoformat() for k in range(count))
        metered = self.load_kw[:, self._columns(n)]
        for site in range(self.sites):
            baseline_kw = tuple(self.baseline_kw[site, n].tolist())
            silent = bool(self.missing[site, n])
            yield SiteEvidence(
                event_id=self.event_id(n),
                product_id=self.product.product_id,
                product_version=self.product.version,
                operator_party_id=OPERATOR,
                site_id=self.site_id(site),
                site_name=f"Site {site}",
                party_id=self.party_id(site),
                party_name=f"Owner {site // self.sites_per_owner}",
                time_zone=TIME_ZONE,
                boundary="poc",
                span=span,
                direction=Direction.LOAD_DOWN,
                award_ids=(f"{self.event_id(n)}-bid-{site}",),
                dispatch_id=f"{self.event_id(n)}-m0-{self.site_id(site)}",
                award_kw=(float(self.target_kw[site]),) * count,
                target_kw=(float(self.target_kw[site]),) * count,
                price_per_mwh=(self.price_per_mwh(n),) * count,
                price_basis=self.product.money.pay_rule,
                local_starts=local_starts,
                make_whole=Decimal(0),
                baseline=BaselineEvidence(
                    rule_id="example-high-4-of-5",
                    rule_digest="",
                    days_used=(),
                    raw_kw=baseline_kw,
                    adjusted_kw=baseline_kw,
                    elsewhere_kw=(0.0,) * count,
                    loss_ratio=1.0,
                    note="",
                ),
                meter=MeterEvidence(
                    meter_id=f"{self.site_id(site)}-poc",
                    source="telemetry",
                    metered_kw=(float("nan"),) * count if silent else tuple(metered[site].tolist()),
                    quality=(MeterQuality.MISSING if silent else MeterQuality.OK,) * count,
                    data_version=1,
                ),
                emission_factor=FACTOR,
                read_at=span.end,
            )

    def frame(self) -> pd.DataFrame:
        """Return one plain row per site, event and interval: what a spreadsheet would begin with."""
        shape = (self.sites, self.events, self.intervals)
        metered = np.stack([self.load_kw[:, self._columns(n)] for n in range(self.events)], axis=1)
        metered = np.where(self.missing[:, :, None], np.nan, metered)
        site, event, interval = (grid.ravel() for grid in np.indices(shape))
        return pd.DataFrame(
            {
                "party_id": np.array([self.party_id(n) for n in range(self.sites)])[site],
                "site_id": np.array([self.site_id(n) for n in range(self.sites)])[site],
                "event_id": np.array([self.event_id(n) for n in range(self.events)])[event],
                "interval": interval,
                "target_kw": self.target_kw[site],
                "baseline_kw": self.baseline_kw.ravel(),
                "metered_kw": metered.ravel(),
                "price_per_mwh": np.array([float(self.price_per_mwh(n)) for n in range(self.events)])[event],
            }
        )
