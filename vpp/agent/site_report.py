"""A site's own report: its grade, its four numbers per direction, its room, what was promised and came.

Everything is from files at the site, and nothing names a job or a tenant.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from vpp.agent.event_responses import EventResponse, event_responses
from vpp.agent.local_files import LocalFiles
from vpp.agent.meter_history import MeterHistory
from vpp.agent.resource_report import ResourceReport, resource_reports
from vpp.agent.settings import AgentSettings
from vpp.agent.site_flexibility import (
    SiteFlexibility,
    configured_flexibility,
    flexibility_from,
)
from vpp.flexibility.civil_place import civil_place
from vpp.flexibility.connection_limits import ConnectionLimits
from vpp.flexibility.envelope import Envelope, FlexDirection
from vpp.flexibility.flexibility_ladder import LadderRow, ladder
from vpp.flexibility.headroom import HeadroomReport, headroom, quantile
from vpp.flexibility.headroom_hours import DurationPoint, HourRoom, headroom_by_hour, load_duration
from vpp.flexibility.joint_release import JointRelease, joint_release
from vpp.flexibility.metering_error import MeteringError, metering_error
from vpp.flexibility.mosaic_numbers import MosaicNumbers, added_up_kw, site_numbers
from vpp.flexibility.site_envelope import held_kw, site_envelope
from vpp.flexibility.site_grade import (
    Attendance,
    GradeChoices,
    GradeLetter,
    Known,
    NotKnownYet,
    Score,
    controllability,
    grade,
    lower,
    measurability,
    observability,
)
from vpp.flexibility.site_response import ResponseChoices
from vpp.flexibility.yearly_flexibility import Activation, FlexibilityTotals, last_year, totals
from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval

RECOVERY_SPAN = timedelta(hours=2)
"""After a delivery or a test the load says nothing of quiet hours for so long: a choice."""


@dataclass(frozen=True, slots=True)
class ReportChoices:
    """What the report is made with: choices of this project, taken from no source.

    Attributes:
        grade: What grades need.
        response: What the answer to an instruction weighs.
        span: For how long the site's magnitude is to be held at least.
    """

    grade: GradeChoices = field(default_factory=GradeChoices)
    response: ResponseChoices = field(default_factory=ResponseChoices)
    span: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class DirectionReport:
    """What the site can do in one direction.

    Attributes:
        numbers: The site's four numbers, nothing counted twice.
        added_up_kw: What the resources would promise if each were alone, kW.
        bound_kw: What load and connection leave, kW; infinite where there is no history to say it.
        ladder: What each resource gives, rung by rung.
    """

    numbers: MosaicNumbers
    added_up_kw: float
    bound_kw: float
    ladder: tuple[LadderRow, ...]


@dataclass(frozen=True, slots=True)
class SiteReport:
    """The report of one site.

    Attributes:
        site: `sites/{site}`.
        display_name: Name for people.
        time_zone: The site's civil time.
        made_at: When it was made, UTC.
        span: What it covers, UTC.
        is_running: Whether the agent runs.
        flexibility_at: When the agent last said what its resources can do, UTC; None if never.
        scores: The three scores by name.
        letter: The grade.
        error: The metering error of one interval; None if not known.
        down: What the site can do downwards.
        up: What it can do upwards.
        resources: One by one.
        room: How the load lies under the connection; None without readings.
        hours: The room by hour of the site's day.
        duration: The load-duration curve.
        events: Instructions whose delivery is over.
        release: What a release of everything at once means.
        seen: Totals of the span's events.
        year: Totals of the last 365 days.
        choices: What it was made with.
    """

    site: str
    display_name: str
    time_zone: str
    made_at: datetime
    span: Interval
    is_running: bool
    flexibility_at: datetime | None
    scores: Mapping[str, Score]
    letter: GradeLetter | NotKnownYet
    error: MeteringError | None
    down: DirectionReport
    up: DirectionReport
    resources: tuple[ResourceReport, ...]
    room: HeadroomReport | None
    hours: tuple[HourRoom, ...]
    duration: tuple[DurationPoint, ...]
    events: tuple[EventResponse, ...]
    release: JointRelease
    seen: FlexibilityTotals
    year: FlexibilityTotals | NotKnownYet
    choices: ReportChoices


def site_report(  # noqa: PLR0913  by keyword, one per source
    settings: AgentSettings,
    files: LocalFiles,
    history: MeterHistory,
    *,
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
    choices: ReportChoices | None = None,
) -> SiteReport:
    """Make a site's report.

    Args:
        settings: The site's configuration.
        files: What its agent keeps.
        history: What its meter showed, as far as it is kept.
        now: Present instant, UTC.
        since: From when on, UTC, at the earliest the oldest reading; None for everything that is kept.
        until: Until when, UTC, at the latest now; None for the newest reading.
        choices: Weights and thresholds; None for this project's own.

    Raises:
        InvalidInput: The span is empty, or the agent's status is damaged.
    """
    made_with = choices or ReportChoices()
    history = history.filled(files.metered)
    begin = (history.start if history.net_kw else now - history.step) if since is None else since
    end = (history.end if history.net_kw else now) if until is None else min(until, now)
    if since is not None and history.net_kw and history.start < end:
        begin = max(since, history.start)  # before there was a meter nothing is missing
    shown = history.between(begin, end)
    known = event_responses(files, history, end, made_with.response)
    events = tuple(each for each in known if each.start >= begin)
    flexibility = _flexibility(settings, files)
    resources = resource_reports(settings, files, flexibility, Interval(begin, end))
    room = _room(settings, shown, flexibility)
    down, up = _directions(settings, resources, flexibility, room, made_with)
    error = metering_error(shown.net_kw, shown.step, _touched(shown, events, files))
    scores = _scores(files, shown, resources, events, error, down, made_with)
    activations = _activations(files, known)
    return SiteReport(
        site=settings.site_name,
        display_name=settings.site.display_name,
        time_zone=settings.site.time_zone,
        made_at=now,
        span=Interval(begin, end),
        is_running=files.is_running,
        flexibility_at=flexibility.at,
        scores=scores,
        letter=grade(scores, made_with.grade),
        error=error,
        down=down,
        up=up,
        resources=resources,
        room=room,
        hours=_hours(settings, shown),
        duration=load_duration(shown.net_kw),
        events=events,
        release=_release(resources, flexibility, down, room, shown, made_with),
        seen=totals([each for each in activations if begin <= each.span.start and each.span.end <= end]),
        year=last_year(activations, _activations_since(files, end), end),
        choices=made_with,
    )


def _flexibility(settings: AgentSettings, files: LocalFiles) -> SiteFlexibility:
    if files.status is not None and "flexibility" in files.status:
        return flexibility_from(files.status["flexibility"])
    return configured_flexibility(settings)


def _room(
    settings: AgentSettings, shown: MeterHistory, flexibility: SiteFlexibility
) -> HeadroomReport | None:
    nameplate_kw = math.fsum(each.down.p_max_kw for each in flexibility.resources if each.down is not None)
    try:
        return headroom(
            ConnectionLimits(settings.site.largest_import_kw),
            shown.net_kw,
            nameplate_kw=nameplate_kw,
            minimum_load_kw=settings.site.minimum_load_kw,
        )
    except InvalidInput:
        return None  # nothing was metered


def envelopes_of(resources: Sequence[ResourceReport], direction: FlexDirection) -> list[Envelope]:
    """Return the envelopes of one direction, with the confidence that has been learned."""
    chosen = [each.up if direction is FlexDirection.LOAD_UP else each.down for each in resources]
    return [envelope for envelope in chosen if envelope is not None]


def _directions(
    settings: AgentSettings,
    resources: Sequence[ResourceReport],
    flexibility: SiteFlexibility,
    room: HeadroomReport | None,
    choices: ReportChoices,
) -> tuple[DirectionReport, DirectionReport]:
    limit_kw = settings.limits.max_reduction_kw
    down_kw = math.inf if limit_kw is None else limit_kw
    up_kw = math.inf
    if room is not None:
        down_kw, up_kw = min(down_kw, room.biddable_kw), room.rebound_room_kw
    found = []
    for direction, bound_kw in ((FlexDirection.LOAD_DOWN, down_kw), (FlexDirection.LOAD_UP, up_kw)):
        shared = flexibility.shared if direction is FlexDirection.LOAD_DOWN else ()
        envelopes = envelopes_of(resources, direction)
        found.append(
            DirectionReport(
                numbers=site_numbers(envelopes, direction, choices.span, shared=shared, bound_kw=bound_kw),
                added_up_kw=added_up_kw(envelopes, choices.span),
                bound_kw=bound_kw,
                ladder=ladder(envelopes, shared=shared, bound_kw=bound_kw),
            )
        )
    return found[0], found[1]


def _touched(shown: MeterHistory, events: Sequence[EventResponse], files: LocalFiles) -> list[bool]:
    """Tell of each interval whether something was asked of the site, or it may have recovered."""
    spans = [(each.start, each.end + RECOVERY_SPAN) for each in events]
    spans += [
        (each.span.start, each.span.end + RECOVERY_SPAN)
        for each in files.memory.local.activations.by_event.values()
    ]
    spans += [
        (test.span.start, test.span.end + RECOVERY_SPAN) for test in files.memory.local.tests.by_id.values()
    ]
    touched = [False] * len(shown.net_kw)
    for start, end in spans:
        first, after = (start - shown.start) // shown.step, -((shown.start - end) // shown.step)
        for n in range(max(0, first), min(len(touched), after)):
            touched[n] = True
    return touched


def _scores(  # noqa: PLR0913, PLR0917  what scores are made of
    files: LocalFiles,
    shown: MeterHistory,
    resources: Sequence[ResourceReport],
    events: Sequence[EventResponse],
    error: MeteringError | None,
    down: DirectionReport,
    choices: ReportChoices,
) -> dict[str, Score]:
    nobody: dict[str, Any] = {"step_count": 0, "metered_count": 0, "healthy_count": {}}
    known = (files.status or {}).get("attendance", nobody)
    step_count = known["step_count"]
    doubtful = (files.status or {}).get("meter", {}).get("absurd_count", 0)
    finite = sum(1 for kw in shown.net_kw if math.isfinite(kw))
    return {
        "observability": observability(
            Attendance(len(shown.net_kw), finite),
            Attendance(step_count, known["metered_count"]),
            {name: Attendance(step_count, count) for name, count in known["healthy_count"].items()},
        ),
        "measurability": measurability(
            error_kw=None if error is None else error.error_kw,
            error_source="" if error is None else error.source,
            observation_count=0 if error is None else error.observation_count,
            target_kw=down.numbers.magnitude_kw,
            doubtful_ratio=min(1.0, doubtful / step_count) if step_count else 0.0,
            choices=choices.grade,
        ),
        "controllability": _controllability(resources, events, choices),
    }


def _controllability(
    resources: Sequence[ResourceReport], events: Sequence[EventResponse], choices: ReportChoices
) -> Score:
    """Return the site's score: the lower of its events' and of its resources' own responses.

    A small part of a site that was tried says nothing of the rest.
    """
    shown = [each.response.score for each in events if each.response is not None]
    ratios = {each.resource_id: [kept.delivered_ratio for kept in each.promises] for each in resources}
    weight_kw = {
        each.resource_id: math.fsum(kept.commanded_kw for kept in each.promises) / len(each.promises)
        for each in resources
        if each.promises
    }
    by_resources = controllability(ratios, weight_kw, "resource by resource, in tests and events")
    can_kw = [
        (held_kw(each.down, choices.span), bool(each.promises)) for each in resources if each.down is not None
    ]
    all_kw = math.fsum(kw for kw, _ in can_kw)
    tried_kw = math.fsum(kw for kw, is_tried in can_kw if is_tried)
    if weight_kw and tried_kw < choices.grade.least_tried_ratio * all_kw:
        by_resources = NotKnownYet(
            f"of {all_kw:,.0f} kW only {tried_kw:,.0f} kW have been tried: see vpp agent test-dispatch",
            by_resources.observation_count,
        )
    if not shown:
        return by_resources
    source = "the whole site in events, at its meter against the baseline"
    return lower(Known(math.fsum(shown) / len(shown), len(shown), source), by_resources)


def _hours(settings: AgentSettings, shown: MeterHistory) -> tuple[HourRoom, ...]:
    clock = civil_place(settings.site.time_zone)
    hours = [(start + clock.utc_offset(start)).hour for start in shown.starts()]
    return headroom_by_hour(settings.site.largest_import_kw, shown.net_kw, hours)


def _release(  # noqa: PLR0913, PLR0917  what a release is judged by
    resources: Sequence[ResourceReport],
    flexibility: SiteFlexibility,
    down: DirectionReport,
    room: HeadroomReport | None,
    shown: MeterHistory,
    choices: ReportChoices,
) -> JointRelease:
    together = site_envelope(
        envelopes_of(resources, FlexDirection.LOAD_DOWN),
        choices.span,
        shared=flexibility.shared,
        sheddable_kw=down.bound_kw,
    )
    known = [kw for kw in shown.net_kw if math.isfinite(kw)]
    room_kw = math.inf if room is None else room.rebound_room_kw
    return joint_release(together, room_kw, quantile(known, 0.5) if known else 0.0)


def _activations(files: LocalFiles, known: Sequence[EventResponse]) -> list[Activation]:
    """Return what was activated: as it was noted then, and of what was not, as the meter shows it now."""
    noted = files.memory.local.activations.by_event
    found = list(noted.values())
    for each in known:
        if each.event not in noted and each.response is not None:
            is_up = each.direction is Direction.LOAD_UP
            direction = FlexDirection.LOAD_UP if is_up else FlexDirection.LOAD_DOWN
            found.append(Activation(Interval(each.start, each.end), direction, each.response.delivered_kwh))
    return found


def _activations_since(files: LocalFiles, end: datetime) -> datetime:
    """Return from when on all activations are known, UTC."""
    return min(
        each for each in (files.memory.local.activations.since, files.oldest_at, end) if each is not None
    )
