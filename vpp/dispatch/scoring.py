"""Scores a site by what it did in an event."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from vpp.dispatch.instruction import Instruction, InstructionState, RefusalReason
from vpp.dispatch.response import response_of
from vpp.dispatch.site_score import ErrorSource, SiteScore


@dataclass(frozen=True, slots=True)
class ScoreChoices:
    """What scores weigh: choices of this project, taken from no source.

    Attributes:
        reached_weight: Of the share of the target that is reached, in controllability.
        promptness_weight: Of how soon it is reached.
        steadiness_weight: Of how steadily it is held; shared by the others where it was not seen.
        slowest_response: A response that takes so long, or longer, is not prompt at all.
    """

    reached_weight: float = 0.6
    promptness_weight: float = 0.25
    steadiness_weight: float = 0.15
    slowest_response: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, eq=False)
class EventReadings:
    """What is known of one site in one event.

    Attributes:
        step: Length of a metering interval.
        metered_kw: Net load per metering interval of delivery, kW; NaN for a gap. Shape (M,).
        baseline_kw: Frozen baseline in each, kW; NaN where there is none. Shape (M,).
        doubtful: Which readings were sent as estimated or bad. Shape (M,).
        month_observed_ratio: Share of the readings of the 30 days before that there are.
        quiet_kw: Load per delivery interval of the day before in which nothing was asked, kW; NaN for
            a gap or where something was. Shape (Q,).
        placebo_error_ratio: RRMSE of the baseline's rule on placebo events; None if not scored.
    """

    step: timedelta
    metered_kw: npt.NDArray[np.float64]
    baseline_kw: npt.NDArray[np.float64]
    doubtful: npt.NDArray[np.bool_]
    month_observed_ratio: float
    quiet_kw: npt.NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    placebo_error_ratio: float | None = None


def is_telling(instruction: Instruction) -> bool:
    """Tell whether an instruction shows how its site does what it is asked.

    Planned work, and what outranks the event, keep a site from delivering without saying anything of how it
    delivers. Nor does a site's own no to an order; where it had sold what it says no to, it does.
    """
    if instruction.state not in {InstructionState.REFUSED, InstructionState.ABORTED}:
        return True
    if instruction.reason is RefusalReason.LOCAL_VETO:
        return instruction.purpose.is_paid
    return instruction.reason not in {RefusalReason.MAINTENANCE, RefusalReason.OUTRANKED}


def score_site(instruction: Instruction, readings: EventReadings, choices: ScoreChoices) -> SiteScore:
    """Score a site by what it did for one instruction.

    - observability is the lower of two shares of expected readings: of the event that came in time,
      and of the 30 days before that there are at all.
    - measurability is 1 less error over target, times the share of readings that are beyond doubt. The
      error is how far the baseline is off where nothing is asked (a statement about baseline and meter
      together); where that is not known, how much the load varies between neighbouring intervals of
      quiet hours. The meter's own class of accuracy is not known to the hub, and neither is a constant
      error of its scale: it is in baseline and reading alike and cancels but for its share of the
      target. The meter stands at the connection, so whatever else the site does is part of the error.
    - controllability weighs the share of the target reached, how soon and how steadily.

    Args:
        instruction: What the site was told, with its own start.
        readings: What is known of it.
        choices: The weights.
    """
    step = readings.step
    per_interval = instruction.interval // step
    count = len(readings.metered_kw)
    asked_kw = np.repeat(np.asarray(instruction.target_reduction_kw, dtype=np.float64), per_interval)[:count]
    begin = _begin(instruction, asked_kw, step)
    asked_kw[: (begin - instruction.delivery.start) // step] = 0.0  # nothing is asked of it before
    response = response_of(
        instruction.direction.delivered(readings.baseline_kw, readings.metered_kw),
        asked_kw,
        start=instruction.delivery.start,
        step=step,
        begin=begin,
        per_interval=per_interval,
    )
    seen = ~np.isnan(readings.metered_kw)
    observed = float(np.mean(seen)) if count else 0.0
    doubtful = float(np.mean(readings.doubtful[seen])) if seen.any() else 0.0
    wanted = asked_kw[asked_kw > 0]
    target_kw = float(wanted.mean()) if len(wanted) else 0.0
    error_kw, source = _error(readings)
    is_known = source is not ErrorSource.NONE and target_kw > 0 and observed > 0
    return SiteScore(
        event_id=instruction.event_id,
        site_id=instruction.site_id,
        purpose=instruction.purpose,
        delivery_start_at=instruction.delivery.start,
        target_kw=target_kw,
        event_observed_ratio=observed,
        month_observed_ratio=readings.month_observed_ratio,
        error_kw=error_kw,
        error_source=source,
        doubtful_ratio=doubtful,
        reached_ratio=response.reached_ratio,
        response_delay=response.response_delay,
        full_delay=response.full_delay,
        ramp_kw_per_min=response.ramp_kw_per_min,
        steadiness_ratio=response.steadiness_ratio,
        observability_ratio=min(observed, readings.month_observed_ratio),
        measurability_ratio=max(0.0, 1.0 - error_kw / target_kw) * (1.0 - doubtful) if is_known else 0.0,
        controllability_ratio=_controllability(
            response.reached_ratio, response.full_delay, response.steadiness_ratio, choices
        ),
    )


def _begin(instruction: Instruction, asked_kw: npt.NDArray[np.float64], step: timedelta) -> datetime:
    """Return when the site was to begin: with its own offset, or when it was to join an event under way."""
    begin = instruction.delivery.start + instruction.start_offset
    wanted = np.flatnonzero(asked_kw > 0)
    return max(begin, instruction.delivery.start + int(wanted[0]) * step) if len(wanted) else begin


def _error(readings: EventReadings) -> tuple[float, ErrorSource]:
    """Return one standard error of a delivered kW, and what it was taken from."""
    expected_kw = readings.baseline_kw[~np.isnan(readings.baseline_kw)]
    if readings.placebo_error_ratio is not None and len(expected_kw):
        return readings.placebo_error_ratio * float(np.abs(expected_kw).mean()), ErrorSource.PLACEBO
    steps_kw = np.diff(readings.quiet_kw)
    steps_kw = steps_kw[~np.isnan(steps_kw)]
    if len(steps_kw) < 2:  # noqa: PLR2004  one step says nothing of how steps vary
        return 0.0, ErrorSource.NONE
    # The mean square of successive differences is twice the variance of one value (von Neumann).
    return float(np.sqrt(np.mean(steps_kw**2) / 2)), ErrorSource.QUIET_HOURS


def _controllability(
    reached_ratio: float, full_delay: timedelta | None, steadiness: float | None, choices: ScoreChoices
) -> float:
    late = 1.0 if full_delay is None else min(1.0, full_delay / choices.slowest_response)
    parts = [(choices.reached_weight, reached_ratio), (choices.promptness_weight, 1.0 - late)]
    if steadiness is not None:
        parts.append((choices.steadiness_weight, steadiness))
    return sum(weight * part for weight, part in parts) / sum(weight for weight, _ in parts)
