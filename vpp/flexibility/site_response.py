r"""How a site answered an instruction, measured at its own meter as the hub measures it.

With the delivered change d_t = s (baseline - metered), s = 1 down and -1 up, and the target g_t:

    reached    = sum_n min(max(d_n, 0), g_n) / sum_n g_n over whole delivery intervals n that were metered
    promptness = 1 - min(1, delay until d_t >= 0.9 g_t / slowest response)
    steadiness = 1 - sd(d_t - g_t) / mean(g_t) from then on
    score      = weighted mean of the three; without steadiness where fewer than two readings show it

Source:
    Controllability as the hub scores it in every event; the weights are choices of this project.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from vpp.foundation.errors import InvalidInput

FULL_RATIO = 0.9
"""Share of the target from which on a response is full."""


@dataclass(frozen=True, slots=True)
class ResponseChoices:
    """What a response weighs: choices of this project, taken from no source.

    Attributes:
        reached_weight: Of the share of the target that is reached.
        promptness_weight: Of how soon.
        steadiness_weight: Of how steadily.
        slowest_response: One that takes so long, or longer, is not prompt at all.
    """

    reached_weight: float = 0.6
    promptness_weight: float = 0.25
    steadiness_weight: float = 0.15
    slowest_response: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class SiteResponse:
    """What an instruction was answered with.

    Attributes:
        target_kw: Mean change asked for, kW.
        delivered_kw: Mean change delivered where it was asked for and metered, kW.
        delivered_kwh: Energy of it, kWh.
        metered_ratio: Share of the metering intervals that have a reading.
        reached_ratio: Delivered energy over energy asked for, each delivery interval up to its target.
        full_delay: Until nine tenths of the target; None if never.
        steadiness_ratio: From then on; None if fewer than two readings show it.
        score: All of it in one figure, 0..1.
    """

    target_kw: float
    delivered_kw: float
    delivered_kwh: float
    metered_ratio: float
    reached_ratio: float
    full_delay: timedelta | None
    steadiness_ratio: float | None
    score: float


def site_response(  # noqa: PLR0913  one argument per thing that is measured against
    delivered_kw: Sequence[float],
    target_kw: Sequence[float],
    *,
    step: timedelta,
    per_interval: int,
    begin: timedelta = timedelta(0),
    choices: ResponseChoices,
) -> SiteResponse | None:
    """Measure how a site answered; None if nothing was asked or nothing was metered.

    Args:
        delivered_kw: Change in the instruction's direction per metering interval, kW; NaN for a gap.
            Shape (M,), M a multiple of `per_interval`.
        target_kw: Change asked for in each, kW, 0 or more. Shape (M,).
        step: Length of a metering interval.
        per_interval: Metering intervals of a delivery interval, over which energy counts.
        begin: How long after the start the site was to begin.
        choices: The weights.

    Raises:
        InvalidInput: Shapes differ.

    Example:
        >>> minute = timedelta(minutes=1)
        >>> shown = site_response([0.0, 40.0, 95.0, 100.0], [100.0] * 4, step=minute, per_interval=2,
        ...     choices=ResponseChoices())
        >>> shown.reached_ratio, shown.full_delay
        (0.5875, datetime.timedelta(seconds=180))
    """
    count = len(target_kw)
    if len(delivered_kw) != count or per_interval < 1 or count % per_interval:
        raise InvalidInput(
            f"delivered_kw has {len(delivered_kw)} values and target_kw {count}, expected as many of both, "
            f"and whole delivery intervals of {per_interval}"
        )
    first = next((n for n, kw in enumerate(target_kw) if kw > 0.0), 0)
    begins_at = max(begin, first * step)  # one that joins an event under way is not late for what was before
    asked = [kw if n >= begins_at // step else 0.0 for n, kw in enumerate(target_kw)]
    wanted = [n for n in range(count) if asked[n] > 0.0]
    seen = [n for n in wanted if math.isfinite(delivered_kw[n])]
    if not seen:
        return None
    full = next((n for n in seen if delivered_kw[n] >= FULL_RATIO * asked[n]), None)
    delay = None if full is None else max(timedelta(0), (full + 1) * step - begins_at)
    steady = None if full is None else _steadiness([(delivered_kw[n], asked[n]) for n in seen if n >= full])
    reached = _reached_ratio(delivered_kw, asked, per_interval)
    hours = step / timedelta(hours=1)
    return SiteResponse(
        target_kw=math.fsum(asked[n] for n in wanted) / len(wanted),
        delivered_kw=math.fsum(delivered_kw[n] for n in seen) / len(seen),
        delivered_kwh=math.fsum(delivered_kw[n] for n in seen) * hours,
        metered_ratio=len(seen) / len(wanted),
        reached_ratio=reached,
        full_delay=delay,
        steadiness_ratio=steady,
        score=_score(reached, delay, steady, choices),
    )


def _reached_ratio(delivered_kw: Sequence[float], asked_kw: Sequence[float], per_interval: int) -> float:
    counted_kw, owed_kw = 0.0, 0.0
    for first in range(0, len(asked_kw), per_interval):
        asked = math.fsum(asked_kw[first : first + per_interval]) / per_interval
        delivered = math.fsum(delivered_kw[first : first + per_interval]) / per_interval
        if asked > 0.0 and math.isfinite(delivered):
            counted_kw += min(max(0.0, delivered), asked)
            owed_kw += asked
    return min(1.0, counted_kw / owed_kw) if owed_kw > 0.0 else 0.0


def _steadiness(pairs: Sequence[tuple[float, float]]) -> float | None:
    if len(pairs) < 2:  # noqa: PLR2004  one reading does not vary
        return None
    strayed = statistics.pstdev([delivered - asked for delivered, asked in pairs])
    return max(0.0, 1.0 - strayed / (math.fsum(asked for _, asked in pairs) / len(pairs)))


def _score(
    reached: float, delay: timedelta | None, steadiness: float | None, choices: ResponseChoices
) -> float:
    late = 1.0 if delay is None else min(1.0, delay / choices.slowest_response)
    parts = [(choices.reached_weight, reached), (choices.promptness_weight, 1.0 - late)]
    if steadiness is not None:
        parts.append((choices.steadiness_weight, steadiness))
    return math.fsum(weight * part for weight, part in parts) / math.fsum(weight for weight, _ in parts)
