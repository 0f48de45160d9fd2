"""How much of what a site offers may be counted on, by what it has shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class ReliabilityChoices:
    """How much the past counts: choices of this project, taken from no source.

    Attributes:
        prior_weight: A site's own word counts as much as this many events of today in which it
            delivered all it was asked for.
        half_life: An event counts half as much after this time.
        horizon: An event older than this counts no more.
        least_ratio: No site is counted at less: it must be called to show that it has become better.
    """

    prior_weight: float = 1.0
    half_life: timedelta = timedelta(days=30)
    horizon: timedelta = timedelta(days=90)
    least_ratio: float = 0.05


@dataclass(frozen=True, slots=True)
class Shown:
    """What a site has shown in one event.

    Attributes:
        at: Start of delivery, UTC.
        counted_ratio: Share of the target that it was seen to deliver, 0..1.
    """

    at: datetime
    counted_ratio: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """How much of a site's offer may be counted on.

    Attributes:
        ratio: In (0, 1]; 1 for a site that has shown nothing yet.
        event_count: Events that it was taken from.
    """

    ratio: float
    event_count: int


def reliability_of(shown: Iterable[Shown], now: datetime, choices: ReliabilityChoices) -> Reliability:
    """Weigh what a site has shown lately against its own word.

    Args:
        shown: Its events, tests and market ones alike, in any order.
        now: Present instant, UTC.
        choices: How much the past counts.

    Example:
        >>> from datetime import UTC
        >>> now = datetime(2026, 3, 2, tzinfo=UTC)
        >>> half = Shown(now, 0.5)
        >>> reliability_of([half, half, half], now, ReliabilityChoices())
        Reliability(ratio=0.625, event_count=3)
        >>> reliability_of([], now, ReliabilityChoices()).ratio
        1.0
    """
    weight_sum = weighted = choices.prior_weight
    count = 0
    for one in sorted(shown, key=lambda one: (one.at, one.counted_ratio)):
        age = max(timedelta(0), now - one.at)
        if age > choices.horizon:
            continue
        weight = 0.5 ** (age / choices.half_life)
        weight_sum += weight
        weighted += weight * one.counted_ratio
        count += 1
    ratio = 1.0 if not weight_sum else weighted / weight_sum
    return Reliability(min(1.0, max(choices.least_ratio, ratio)), count)
