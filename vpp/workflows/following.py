"""What is known of an event in its course: who was told what, and what the meters show."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from vpp.dispatch.attribution import Claim, own_claim, taken_by_others
from vpp.dispatch.event import Event, EventState
from vpp.dispatch.instruction import Instruction, InstructionState
from vpp.dispatch.tracking.delivery_state import Band
from vpp.dispatch.tracking.frame import Frame
from vpp.dispatch.tracking.outlook import NOTICED_IN, Outlook, look_ahead, silent
from vpp.dispatch.tracking.site_course import Order, SiteCourse
from vpp.foundation.interval import Interval
from vpp.portfolio.product import ProductProfile
from vpp.portfolio.resource import Resource
from vpp.portfolio.site import Site
from vpp.workflows.booking import active_sites
from vpp.workflows.event_claims import claims_beside
from vpp.workflows.forecasts_ahead import ForecastsAhead
from vpp.workflows.live_readings import live_readings
from vpp.workflows.newest_instructions import newest_stored
from vpp.workflows.ports import Stored, UnitOfWork
from vpp.workflows.recording import product_of
from vpp.workflows.records import BaselineRecord
from vpp.workflows.reporting import instructions_of

UNDER_WAY = frozenset({EventState.OFFERED, EventState.ACCEPTED, EventState.SCHEDULED, EventState.ACTIVE})
"""States of an event whose sites have been told and whose delivery is not over."""
_S = InstructionState
AGREED = frozenset({_S.ACCEPTED, _S.PARTIAL, _S.STARTED, _S.COMPLETED, _S.ABORTED})
"""What a site has said, or is in, that has ever agreed to deliver."""
SHORTEST_SAMPLE = timedelta(minutes=1)
ASKED_ELSEWHERE = 50
"""So many sites beside an event's own are listened for where hardly one of its own is heard."""
Profile = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Following:
    """An event in its course.

    Attributes:
        stored: The event.
        product: Its product.
        newest: The newest instruction of each site, by site, in order.
        sites: The instructed sites, by id.
        resources: Their instructed resources, by site and resource.
        has_baseline: Sites whose baseline is frozen.
        outlook: What was delivered, and what is to be expected.
    """

    stored: Stored[Event]
    product: ProductProfile
    newest: Mapping[str, Stored[Instruction]]
    sites: Mapping[str, Site]
    resources: Mapping[tuple[str, str], Resource]
    has_baseline: frozenset[str]
    outlook: Outlook

    @property
    def event(self) -> Event:
        """The event's content."""
        return self.stored.value

    @property
    def frame(self) -> Frame:
        """The grid on which it is followed."""
        return self.outlook.frame


def follow(
    uow: UnitOfWork, stored: Stored[Event], lead: timedelta, *, only: frozenset[str] | None = None
) -> Following:
    """Gather what is known of an event in its course.

    Args:
        uow: The transaction.
        stored: The event, cleared or ordered.
        lead: From the hub's decision until a site has begun to follow it.
        only: The sites to look at; None for all of them.
    """
    event = stored.value
    product = product_of(uow, event.product_id, event.product_version)
    every = [
        each for each in instructions_of(uow, event.event_id) if only is None or each.value.site_id in only
    ]
    newest = newest_stored(every)
    sites = {key: each.value for key, each in uow.sites.get_all(newest).items()}
    frame = Frame(
        event.delivery,
        product.settlement_interval,
        sample_of(sites.values(), product.settlement_interval),
        uow.now,
    )
    keys = [
        f"{site_id}/{part.resource_id}"
        for site_id, each in newest.items()
        for part in each.value.resource_targets
    ]
    resources = {
        (each.value.site_id, each.value.resource_id): each.value
        for each in uow.resources.get_all(keys).values()
    }
    baselines = uow.baselines.get_all(f"{event.event_id}-{site_id}" for site_id in newest)
    records = {each.value.site_id: each.value for each in baselines.values()}
    readings = live_readings(uow, sites.values(), frame)
    orders = _orders(every, frame, lead)
    others = claims_beside(uow, event, event.delivery)
    followed = {each.value.site_id for each in every if {each.value.state, each.value.answer} & AGREED}
    baselines_kw = _baselines_kw(uow, newest, records, frame)
    courses = []
    for site_id, each in newest.items():
        instruction = each.value
        baseline_kw = baselines_kw[site_id]
        loss_ratio = _loss_ratio(records.get(site_id), product)
        per_sample_kw = np.repeat(baseline_kw, frame.per_interval)
        reading = readings[site_id]
        delivered_kw = event.direction.delivered(per_sample_kw, reading.net_power_kw) * loss_ratio
        own_part = own_claim(instruction, until=event.cancelled_at)
        delivered_kw -= _taken(own_part, others.get(site_id, ()), delivered_kw, frame)
        parts = [(site_id, part.resource_id) for part in instruction.resource_targets]
        own = [resources[key] for key in parts if key in resources]
        courses.append(
            SiteCourse(
                site_id=site_id,
                state=instruction.state,
                orders=orders[site_id],
                was_followed=site_id in followed,
                response=max((one.envelope.response_time for one in own), default=timedelta(0)),
                budget_kwh=math.fsum(one.envelope.budget_kwh(event.direction) for one in own)
                if own
                else math.inf,
                reference_kw=event.direction.delivered(per_sample_kw, 0.0) * loss_ratio,
                offset_kw=float(event.direction.delivered(baseline_kw[0], reading.before_kw)) * loss_ratio,
                delivered_kw=delivered_kw,
                is_metered=~np.isnan(reading.net_power_kw),
                metering=sites[site_id].metering_interval,
            )
        )
    _, full_ratio, cap_ratio = product.money.band
    band = Band(float(full_ratio), float(cap_ratio))
    outlook = look_ahead(courses, frame, band, trusts_silence=_trusts_silence(uow, event, courses, frame))
    return Following(stored, product, newest, sites, resources, frozenset(records), outlook)


def _trusts_silence(uow: UnitOfWork, event: Event, courses: Sequence[SiteCourse], frame: Frame) -> bool:
    """Tell whether most meters are heard, at an event's sites or, if not there, at others.

    Where most are silent at once it is more likely the hub that does not hear, or their common way to
    it, than the sites that do not deliver; to call the whole reserve would be the costlier error.
    """
    quiet = int(silent(courses, frame).sum())
    if 2 * quiet <= len(courses):
        return True
    own = {course.site_id for course in courses}
    others = sorted(active_sites(uow, event.product_id, event.zone) - own)[:ASKED_ELSEWHERE]
    sites = [each.value for each in uow.sites.get_all(others).values()]
    since = max(
        (NOTICED_IN * max(site.metering_interval, SHORTEST_SAMPLE) for site in sites), default=frame.step
    )
    heard = uow.telemetry.load_many([site.site_id for site in sites], Interval(frame.now - since, frame.now))
    quiet += sum(not heard.get(site.site_id) for site in sites)
    return 2 * quiet <= len(courses) + len(sites)


def sample_of(sites: Iterable[Site], step: timedelta) -> timedelta:
    """Return the longest sample that the step and the sites' metering intervals are multiples of.

    Of meters that read more often than once a minute, minutes are enough.

    Example:
        >>> minutes = timedelta(minutes=1)
        >>> sample_of([], 15 * minutes)
        datetime.timedelta(seconds=900)
    """
    lengths = [step, *(max(site.metering_interval, SHORTEST_SAMPLE) for site in sites)]
    return timedelta(seconds=math.gcd(*(round(each.total_seconds()) for each in lengths)))


def _orders(
    every: Sequence[Stored[Instruction]], frame: Frame, lead: timedelta
) -> dict[str, tuple[Order, ...]]:
    by_site: dict[str, list[Order]] = {}
    for each in sorted(every, key=lambda one: one.value.modification_number):
        instruction = each.value
        target = (*instruction.target_reduction_kw, *(0.0,) * frame.interval_count)[: frame.interval_count]
        by_site.setdefault(instruction.site_id, []).append(
            Order(each.created_at + lead, target, instruction.accepted_reduction_kw)
        )
    return {site_id: tuple(orders) for site_id, orders in by_site.items()}


def _baselines_kw(
    uow: UnitOfWork, site_ids: Iterable[str], records: Mapping[str, BaselineRecord], frame: Frame
) -> dict[str, Profile]:
    """Return the told baselines per delivery interval; before there is one, the newest forecast's median."""
    count, step = frame.interval_count, frame.step
    gaps = (np.nan,) * count
    baselines = {
        site_id: np.array([*records[site_id].adjusted_kw, *gaps][:count], dtype=np.float64)
        if site_id in records
        else np.full(count, np.nan)
        for site_id in site_ids
    }
    unfrozen = [site_id for site_id in baselines if site_id not in records]
    ahead = ForecastsAhead(uow, unfrozen)
    for n in range(count):  # in order of time, so that the sites are read together
        start = frame.interval_start(n)
        for site_id in unfrozen:
            forecast = ahead.covering(site_id, start)
            if forecast is not None:
                first = (start - forecast.horizon.start) // forecast.step
                after = -(-(start + step - forecast.horizon.start) // forecast.step)
                values = forecast.p50_kw[first:after]
                baselines[site_id][n] = math.fsum(values) / len(values)
    return baselines


def _loss_ratio(record: BaselineRecord | None, product: ProductProfile) -> float:
    """Return what metered power is multiplied by, by the rule that the baseline was made by."""
    digest = record.provenance.rule_digest if record is not None and record.provenance is not None else ""
    ratios = {rule.digest: rule.loss_ratio for rule in product.baseline.rules}
    return float(ratios.get(digest, product.baseline.rule.loss_ratio))


def _taken(own: Claim, others: Sequence[Claim], delivered_kw: Profile, frame: Frame) -> Profile | float:
    if not others:
        return 0.0
    span = Interval(frame.delivery.start, frame.delivery.start + frame.sample_count * frame.sample)
    return taken_by_others(own, others, delivered_kw, span, frame.sample)
