"""Records that take long to come about: put into a populated hub as they would have been kept."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Protocol

from support.market import Market
from support.scores import a_score

from vpp.dispatch.purpose import EventPurpose
from vpp.dispatch.site_score import ErrorSource, SiteScore
from vpp.dispatch.tracking.delivery_state import DeliveryState
from vpp.foundation.interval import Interval
from vpp.workflows.baseline_records import MeterEdit, MeterEditsRecord, RuleChoiceRecord
from vpp.workflows.forecast_records import ForecastRecord
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.tracking_records import ActionKind, TrackingAction, TrackingTick

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SEASON = "2026-winter"


class Metered(Protocol):
    """A site and what it draws."""

    @property
    def site_id(self) -> str:
        """Its id."""
        ...

    @property
    def load_kw(self) -> float:
        """What it draws, kW."""
        ...


def make_records(market: Market, sites: Mapping[str, Metered]) -> None:
    """Keep a forecast, a choice of rule, edits of readings and scores for every site."""
    with market.units() as uow:
        for site in sites.values():
            uow.forecasts.add(_forecast(uow, site))
            choice = _choice(site.site_id)
            uow.rule_choices.add(choice.choice_id, choice)
        for stored in uow.baselines.page(limit=10_000):
            record = stored.value
            if record.provenance is None:
                continue
            version = record.provenance.data_version
            edits = MeterEditsRecord(
                f"{record.site_id}-{version}",
                record.site_id,
                version,
                timedelta(minutes=5),
                (MeterEdit(record.delivery, "spike", f"spike at {record.site_id}", (9e9,), (1.0,)),),
                "editing-1",
            )
            if uow.meter_edits.get(edits.edits_id) is None:
                uow.meter_edits.add(edits.edits_id, edits)
        scored = {
            (event_id, site_id) for event_id in _events(uow) for site_id in uow.scores.scored_sites(event_id)
        }
        missing = [
            _score(stored.value.event_id, stored.value.site_id, stored.value.delivery)
            for stored in uow.baselines.page(limit=10_000)
            if (stored.value.event_id, stored.value.site_id) not in scored
        ]
        uow.scores.add_all(missing)
        uow.commit()


def looks_at(market: Market, event_ids: Iterable[str]) -> None:
    """Keep a look at each of these events, in which something was done to each of its sites."""
    with market.units() as uow:
        for event_id in event_ids:
            stored = uow.events.get(event_id)
            assert stored is not None
            site_ids = [one.value.site_id for one in uow.awards.page(where={"event_id": event_id})]
            event = stored.value
            same = event.target_reduction_kw
            uow.tracking.add(
                TrackingTick(
                    event_id=event_id,
                    due_at=event.delivery.start + MINUTE,
                    looked_at=event.delivery.start + MINUTE,
                    modification_number=1,
                    target_kw=same,
                    instructed_kw=same,
                    delivered_kw=same,
                    expected_kw=same,
                    metered_ratio=tuple(1.0 for _ in same),
                    present_target_kw=same[0],
                    present_delivered_kw=same[0],
                    target_energy_kwh=same[0],
                    delivered_energy_kwh=same[0],
                    planned_energy_kwh=same[0],
                    expected_energy_kwh=same[0],
                    reserve_kw=same[0],
                    site_counts={DeliveryState.ON_TARGET: len(site_ids)},
                    changed_states=dict.fromkeys(site_ids, DeliveryState.ON_TARGET),
                    actions=tuple(
                        TrackingAction(ActionKind.HOLD, site_id, offset_s=60.0) for site_id in site_ids
                    ),
                )
            )
        uow.commit()


def _events(uow: UnitOfWork) -> list[str]:
    return [stored.value.event_id for stored in uow.events.page(limit=10_000)]


def _forecast(uow: UnitOfWork, site: Metered) -> ForecastRecord:
    midnight = uow.now.replace(hour=0)
    level = (site.load_kw,) * 96
    return ForecastRecord(
        site.site_id,
        uow.now - MINUTE,
        Interval(midnight + DAY, midnight + 2 * DAY),
        900,
        "made",
        level,
        level,
        level,
    )


def _choice(site_id: str) -> RuleChoiceRecord:
    product_id = "example-peak-shaving"
    return RuleChoiceRecord(
        choice_id=f"{site_id}-{product_id}-{SEASON}",
        site_id=site_id,
        product_id=product_id,
        product_version=2,
        season_id=SEASON,
        baseline_id="high-4-of-5",
        rule_digest="ef" * 32,
        recommended=True,
        reason=f"the rule of {site_id} passes",
        scores=(asdict(a_score()) | {"scored": True, "passed": True, "verdict": "passes"},),
        engine_version="1",
        data_version="01" * 32,
    )


def _score(event_id: str, site_id: str, delivery: Interval) -> SiteScore:
    return SiteScore(
        event_id=event_id,
        site_id=site_id,
        purpose=EventPurpose.MARKET,
        delivery_start_at=delivery.start,
        target_kw=100.0,
        event_observed_ratio=1.0,
        month_observed_ratio=1.0,
        error_kw=1.0,
        error_source=ErrorSource.QUIET_HOURS,
        doubtful_ratio=0.0,
        reached_ratio=1.0,
        response_delay=MINUTE,
        full_delay=MINUTE,
        ramp_kw_per_min=1.0,
        steadiness_ratio=1.0,
        observability_ratio=1.0,
        measurability_ratio=1.0,
        controllability_ratio=1.0,
    )
