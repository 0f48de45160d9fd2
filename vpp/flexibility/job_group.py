r"""A group of jobs on one kind of accelerator: what the site knows about it, and its state.

The group draws P = G p (1 + k) at the point of connection, with G busy GPUs, p kW each at the
computers and k the overhead that follows them. Its divisible knobs, one after the other, give a curve of
work lost over power cut (`CutCurve`):

    caps to cut c:                1 - power = c,                         lost = l(c),  c <= tier
    then replicas off, share q:   1 - power = c + q (1 - c - idle),      lost = l + q (1 - l),
                                  1 - lost >= 1 - tier
    starts delayed, share q:      1 - power = q (1 - idle),              lost = q,     q <= tier
    powered down, share q:        1 - power = q (1 - idle),              lost = 0,     q <= tier

and a pause, all or nothing, 1 - power = 1 - idle, lost = 1 and the restart (`PauseRules`).

Source:
    Tiers: field trial of May 2025 in Phoenix (see `Tier`); classes, order of knobs: design of this
    project, flexibility models, section 6.1.
"""

import math
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from vpp.flexibility.backlog import Backlog
from vpp.flexibility.bounds import check_above_zero, check_within, hours_of
from vpp.flexibility.cap_response import CAP_RESPONSE
from vpp.flexibility.cut_curve import CutCurve, published_curve
from vpp.flexibility.job_class import JobClass, Tier
from vpp.flexibility.knob import KNOB_ORDER, RESPONSE_TIME, Knob
from vpp.flexibility.pause_rules import PauseRules
from vpp.foundation.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class JobGroup:
    """What the site knows about a group of jobs.

    Attributes:
        group_id: Its id; no job's or tenant's name. It stays on the site all the same.
        job_class: What the jobs are.
        tier: How far they may be slowed down.
        kw_per_gpu: Power of a busy GPU at full speed, kW, at the computers.
        idle_power_ratio: Power of a GPU that has no work over that of a busy one, 0 to below 1.
        job_value_per_kwh: What a kWh at full speed, at the point of connection, is worth to the
            owners of the jobs if they must wait for it.
        catch_up_within: Time in which work put off must be done, where the group is a stream of
            work without an end; a group with a deadline has until then.
        pause: How the group may be paused; None if it may not.
        has_replicas: Whether it may run with fewer replicas.
        is_pinned: Whether its work must stay on the machines it has: it neither grows onto free
            GPUs nor moves to another site.
        agreed_cut_ratio: Largest cut agreed with the owners in place of the tier's, 0..1; None
            for the tier's.
        learned_curve: The site's own response to caps; None for the published one of the class.
        response_time: From command to the whole effect of the divisible knobs; None for the
            measured one.
    """

    group_id: str
    job_class: JobClass
    tier: Tier
    kw_per_gpu: float
    idle_power_ratio: float
    job_value_per_kwh: Decimal
    catch_up_within: timedelta
    pause: PauseRules | None = None
    has_replicas: bool = False
    is_pinned: bool = False
    agreed_cut_ratio: float | None = None
    learned_curve: CutCurve | None = None
    response_time: timedelta | None = None

    def __post_init__(self) -> None:
        """Refuse quantities outside their range and knobs that the class does not have."""
        check_above_zero(self.kw_per_gpu, "kw_per_gpu")
        check_within(self.idle_power_ratio, "idle_power_ratio", 0.0, 0.99)
        hours_of(self.catch_up_within, "catch_up_within")
        if self.agreed_cut_ratio is not None:
            check_within(self.agreed_cut_ratio, "agreed_cut_ratio", 0.0, 1.0)
        order = KNOB_ORDER[self.job_class]
        if not order and self.largest_cut_ratio > 0.0:
            raise InvalidInput(
                f"{self.group_id} may be cut by {self.largest_cut_ratio}, expected 0 for "
                f"{self.job_class.value}: its users are waiting",
                group_id=self.group_id,
            )
        for is_wanted, knob in ((self.pause is not None, Knob.PAUSE), (self.has_replicas, Knob.REPLICAS)):
            if is_wanted and knob not in order:
                raise InvalidInput(
                    f"{self.group_id} has the knob {knob.value}, expected one of "
                    f"{', '.join(each.value for each in order) or 'none'} for {self.job_class.value}",
                    group_id=self.group_id,
                )
        if order and order[0] not in RESPONSE_TIME and self.response_time is None:
            raise InvalidInput(
                f"{self.group_id} has no response_time, expected one: none is published for {order[0].value}",
                group_id=self.group_id,
            )
        if self.learned_curve is None and self.job_class not in CAP_RESPONSE and Knob.CAP in order:
            raise InvalidInput(f"{self.group_id} has no learned_curve, expected one", group_id=self.group_id)

    @property
    def largest_cut_ratio(self) -> float:
        """Largest share of its power that caps cut, and of its work that other knobs take, 0..1."""
        return self.tier.value if self.agreed_cut_ratio is None else self.agreed_cut_ratio

    @property
    def cap_curve(self) -> CutCurve:
        """Its response to caps up to the tier; of no cut where its class is not capped."""
        if Knob.CAP not in KNOB_ORDER[self.job_class]:
            return CutCurve()
        curve = self.learned_curve or published_curve(self.job_class)
        return curve.up_to(self.largest_cut_ratio)

    def divisible_curve(self, knobs: frozenset[Knob] = frozenset(Knob)) -> CutCurve:
        """Return its response to all divisible knobs, used in order.

        Args:
            knobs: Which may be used, for example those quick enough for a product.
        """
        order = KNOB_ORDER[self.job_class]
        largest = self.largest_cut_ratio
        busy = 1.0 - self.idle_power_ratio
        if Knob.DELAY_START in order:
            usable = largest if Knob.DELAY_START in knobs else 0.0
            return CutCurve().then(usable * busy, usable)
        if Knob.POWER_DOWN in order:
            return CutCurve().then(largest * busy if Knob.POWER_DOWN in knobs else 0.0, 0.0)
        curve = self.cap_curve if Knob.CAP in knobs else CutCurve()
        if self.has_replicas and Knob.REPLICAS in knobs:
            lost, cut = curve.loss_ratio[-1], curve.deepest_cut_ratio
            off = max(0.0, 1.0 - (1.0 - largest) / (1.0 - lost)) if lost < 1.0 else 0.0
            curve = curve.then(cut + off * max(0.0, busy - cut), lost + off * (1.0 - lost))
        return curve

    def response_time_of(self, knob: Knob) -> timedelta:
        """Return the time from command to the whole effect of a knob it has."""
        if knob is Knob.PAUSE and self.pause is not None:
            return self.pause.response_time
        if self.response_time is not None:
            return self.response_time
        return RESPONSE_TIME[knob]


@dataclass(frozen=True, slots=True)
class GroupState:
    """What a group of jobs is doing.

    Attributes:
        running_gpus: GPUs that would be busy now if the group were left alone.
        backlog: Work put off and not yet done; of a group with a deadline one piece.
        due_in: Time to the group's deadline; None for a stream of work without an end.
        slack_gpu_h: Work that its own machines can still do between the group's planned end and
            its deadline, GPU hours; 0 for a stream.
        waiting_gpu_h: Work that could be done before its time, GPU hours.
        since_checkpoint: Time since its jobs last saved their progress.
        paused_for: How long it has stood still; None if it is running.
        pause_count: How often it has been paused in the present activation.
    """

    running_gpus: float
    backlog: Backlog = field(default_factory=Backlog)
    due_in: timedelta | None = None
    slack_gpu_h: float = 0.0
    waiting_gpu_h: float = 0.0
    since_checkpoint: timedelta = timedelta(0)
    paused_for: timedelta | None = None
    pause_count: int = 0

    def __post_init__(self) -> None:
        """Refuse negative quantities, and slack without a deadline."""
        for name in ("running_gpus", "slack_gpu_h", "waiting_gpu_h", "pause_count"):
            check_within(getattr(self, name), name)
        check_within(self.since_checkpoint.total_seconds(), "since_checkpoint")
        if self.due_in is not None:
            check_within(self.due_in.total_seconds(), "due_in", -math.inf)
        elif self.slack_gpu_h > 0.0:
            raise InvalidInput(f"slack_gpu_h is {self.slack_gpu_h}, expected 0 for work without a deadline")

    @property
    def is_paused(self) -> bool:
        """Whether it stands still."""
        return self.paused_for is not None


def group_with_deadline(
    running_gpus: float, remaining_gpu_h: float, due_in: timedelta, backlog_gpu_h: float = 0.0
) -> GroupState:
    """Return the state of a group that ends: jobs with work left and a deadline.

    Args:
        running_gpus: GPUs that it has.
        remaining_gpu_h: Work left, what was put off included, GPU hours.
        due_in: Time to the deadline.
        backlog_gpu_h: How much of it was put off, GPU hours; at least what its own GPUs cannot
            do by the deadline.

    Returns:
        The state, with the slack g D - (r - b): what its machines do by the deadline, less what it
        would still have had to do if nothing had been put off.

    Example:
        >>> group_with_deadline(100.0, 800.0, timedelta(hours=10)).slack_gpu_h
        200.0
    """
    check_within(remaining_gpu_h, "remaining_gpu_h")
    check_within(running_gpus, "running_gpus")
    own_gpu_h = running_gpus * max(0.0, due_in / timedelta(hours=1))
    postponed_gpu_h = max(min(backlog_gpu_h, remaining_gpu_h), remaining_gpu_h - own_gpu_h, 0.0)
    backlog = Backlog()
    if postponed_gpu_h > 0.0:
        backlog = Backlog.of_one(due_in, postponed_gpu_h)
    planned_gpu_h = remaining_gpu_h - postponed_gpu_h
    return GroupState(
        running_gpus,
        backlog,
        due_in=due_in,
        slack_gpu_h=max(0.0, own_gpu_h - planned_gpu_h),
        waiting_gpu_h=planned_gpu_h,
    )
