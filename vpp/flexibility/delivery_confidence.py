"""How much of a command a resource really delivers, learned from its own tests and events.

A promise should be met nine times in ten: not less often, and not much more often either, because
what is always met was promised too low. With past ratios r_1 <= ... <= r_n of delivered over
commanded power, and a next one that is exchangeable with them,

    P(r_next >= r_k) = (n + 1 - k) / (n + 1)        for every k (continuous ratios),

so the ratio of rank k = 0.1 (n + 1) is what nine in ten reach: no distribution is assumed. A rank
between two whole ones is interpolated. It takes n >= 9; with fewer the site's prior holds. Median
and p90 have the ranks 0.5 (n + 1) and 0.9 (n + 1).

What is learned is bound to how it was asked: the ratio is that of the response to a command of all
that the model says is available, and such a command is what the controller falls back on when an
event falls short.

How a response is measured. The site's meter decides what is paid, but a small resource drowns in
the load around it; a device's own instrument shows little noise, but may be off by a constant
factor, or lie. So the level is the meter's, as far as the meter knows it better than the
instrument's class does, and the spread is the instrument's:

    g    = sum of metered_i / sum of shown_i, s_g = sqrt(sum of noise_i^2) / sum of shown_i
    gain = (g / s_g^2 + 1 / c^2) / (1 / s_g^2 + 1 / c^2), its uncertainty s = (1 / s_g^2 + 1 / c^2)^-1/2
    r_i  = gain * shown_i / commanded_i     where |metered_i - gain * shown_i| <= 3 noise_i
         = metered_i / commanded_i          elsewhere, and where the device shows nothing

over the responses in which meter and instrument agree; c is the instruments' class. How well the
level is known belongs to the promise. What the ranks say of the next ratio is that it falls into each
gap between two neighbours, below the lowest and above the highest with the same probability
1 / (n + 1). Even within the gaps, and the outer ones as wide as their neighbours, each gap becomes a
curve as wide as the level is uncertain, and the promise x solves

    1 / (n + 1) * sum over gaps (a, b) of  1 / (b - a) * integral from a to b of Phi((x - u) / s) du  =  0.1

which is the ranked ratio where the level is certain (s = 0), and 1.28 s below the ratios where they
are all alike.

Source:
    Vovk, Gammerman, Shafer, "Algorithmic Learning in a Random World" (2005), and Lei et al.,
    "Distribution-Free Predictive Inference for Regression" (2018): split-conformal prediction.
    Delivery confidence as p10/p50/p90: the domain reference "Flexibility models", section 1.
"""

import itertools
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from vpp.flexibility.bounds import check_above_zero, check_within
from vpp.flexibility.envelope import DeliveryConfidence
from vpp.foundation.errors import InvalidInput

MISSED_RATIO = 0.1
"""How often a promise may be missed."""
OBSERVATIONS_NEEDED = 9
"""With fewer, no observed ratio is reached nine times in ten: 1 / (9 + 1) = 0.1."""
NEWEST_KEPT = 99
"""Older observations say less about the equipment of today."""
INSTRUMENT_CLASS_RATIO = 0.01
"""How far a device's own power reading is off by a constant factor: class 1 of IEC 62053-21."""
_ROUNDING = 1e-9
_HALVINGS = 40
_WIDEST_SDS = 6.0
AGREEMENT_SDS = 3.0
"""A meter and an instrument that differ by more than this many standard deviations disagree."""


@dataclass(frozen=True, slots=True)
class DeliveryObservation:
    """One response to a command of all that a model said was available.

    Attributes:
        at: When the command was given, UTC.
        commanded_kw: The command, kW, above 0.
        metered_kw: Mean response that the site's meter shows against before and after, kW; may be
            negative.
        shown_kw: The same by the device's own instrument, kW; None if it has none.
        noise_kw: Standard deviation of `metered_kw` from the load around it, kW, 0 or more.
    """

    at: datetime
    commanded_kw: float
    metered_kw: float
    shown_kw: float | None = None
    noise_kw: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no measurement."""
        check_above_zero(self.commanded_kw, "commanded_kw")
        check_within(self.noise_kw, "noise_kw")
        for name in ("metered_kw", "shown_kw"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise InvalidInput(f"{name} is {value}, expected a finite number", **{name: str(value)})

    def agrees(self, gain: float) -> bool:
        """Tell whether meter and instrument show the same, the instrument off by a factor."""
        if self.shown_kw is None:
            return False
        return abs(self.metered_kw - gain * self.shown_kw) <= AGREEMENT_SDS * self.noise_kw


@dataclass(frozen=True, slots=True)
class DeliveredRatio:
    """Delivered over commanded power of one response.

    Attributes:
        ratio: The ratio; negative where consumption rose against a command to fall.
        level_sd: Standard deviation of an error that all ratios of the same source share.
    """

    ratio: float
    level_sd: float = 0.0


def delivered_ratios(observations: Sequence[DeliveryObservation]) -> list[DeliveredRatio]:
    """Return delivered over commanded power of each observation.

    Args:
        observations: In any order; shape (n,).

    Example:
        >>> from datetime import UTC
        >>> at = datetime(2026, 3, 4, tzinfo=UTC)
        >>> lying = DeliveryObservation(at, 100.0, 2.0, shown_kw=100.0, noise_kw=5.0)
        >>> delivered_ratios([lying])
        [DeliveredRatio(ratio=0.02, level_sd=0.0)]
    """
    gain, gain_sd = _gain(observations)
    found = []
    for each in observations:
        if each.shown_kw is not None and each.agrees(gain):
            share = each.shown_kw / each.commanded_kw
            found.append(DeliveredRatio(gain * share, gain_sd * abs(share)))
        else:
            found.append(DeliveredRatio(each.metered_kw / each.commanded_kw))
    return found


def _gain(observations: Sequence[DeliveryObservation]) -> tuple[float, float]:
    """Return what a kW of the instruments is worth at the meter, and how uncertain that is.

    The median finds who agrees, the sums over those then use all of the energy measured.
    """
    shown = [(each.shown_kw, each) for each in observations if each.shown_kw is not None]
    pairs = [(each.metered_kw / shown_kw, each) for shown_kw, each in shown if shown_kw > 0.0]
    if not pairs:
        return 1.0, INSTRUMENT_CLASS_RATIO
    rough = statistics.median(ratio for ratio, _ in pairs)
    agreeing = [each for _, each in pairs if each.agrees(rough)]
    shown_kw = math.fsum(each.shown_kw or 0.0 for each in agreeing)
    if shown_kw <= 0.0:
        return rough, 0.0
    metered = math.fsum(each.metered_kw for each in agreeing) / shown_kw
    metered_sd = math.sqrt(math.fsum(each.noise_kw**2 for each in agreeing)) / shown_kw
    if metered_sd <= 0.0:
        return metered, 0.0
    by_meter, by_class = metered_sd**-2, INSTRUMENT_CLASS_RATIO**-2
    return (metered * by_meter + by_class) / (by_meter + by_class), (by_meter + by_class) ** -0.5


def ratio_at(ratios: Sequence[DeliveredRatio], missed_ratio: float) -> float:
    """Return the ratio that the next one misses with a given probability.

    Args:
        ratios: Past ratios, in any order; shape (n,).
        missed_ratio: The probability, 0..1; its rank `missed_ratio * (n + 1)` must lie within
            1 and n.

    Raises:
        InvalidInput: There are too few ratios for this probability.

    Example:
        >>> past = [0.9, 0.8, 0.95, 0.7, 1.0, 0.85, 0.97, 0.99, 0.96]
        >>> ratio_at([DeliveredRatio(ratio) for ratio in past], 0.1)
        0.7
    """
    rank = missed_ratio * (len(ratios) + 1)
    if not 1.0 - _ROUNDING <= rank <= len(ratios) + _ROUNDING:
        raise InvalidInput(
            f"there are {len(ratios)} ratios, expected enough for a rank of {missed_ratio} * (n + 1)",
            count=str(len(ratios)),
        )
    widest = max(each.level_sd for each in ratios)
    if widest <= 0.0:
        return _ranked([each.ratio for each in ratios], rank)
    gaps = _gaps(ratios)
    low, high = gaps[0].low - _WIDEST_SDS * widest, gaps[-1].high + _WIDEST_SDS * widest
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if math.fsum(gap.share_below(middle) for gap in gaps) < rank - _ROUNDING:
            low = middle
        else:
            high = middle
    return high


def _ranked(ratios: Sequence[float], rank: float) -> float:
    """Return the ratio of a rank, interpolated between two whole ones."""
    ordered = sorted(ratios)
    below = min(max(math.floor(rank + _ROUNDING), 1), len(ordered))
    above = min(below + 1, len(ordered))
    share = max(0.0, rank - below)
    return ordered[below - 1] + share * (ordered[above - 1] - ordered[below - 1])


@dataclass(frozen=True, slots=True)
class _Gap:
    """Where the next ratio may fall, evenly, seen through an uncertain level.

    Attributes:
        low: Lower end.
        high: Upper end.
        level_sd: Standard deviation of the level.
    """

    low: float
    high: float
    level_sd: float

    def share_below(self, value: float) -> float:
        """Return how much of it lies below a value, 0..1."""
        width = self.high - self.low
        if width <= _ROUNDING:
            return _normal_below(value - self.low, self.level_sd)
        if self.level_sd <= _ROUNDING:
            return min(1.0, max(0.0, (value - self.low) / width))
        ends = [_integral_of_normal((value - end) / self.level_sd) for end in (self.low, self.high)]
        return self.level_sd * (ends[0] - ends[1]) / width


def _gaps(ratios: Sequence[DeliveredRatio]) -> list[_Gap]:
    """Return the n + 1 gaps, lowest first; the outer ones mirror their neighbours."""
    ordered = sorted(ratios, key=lambda each: each.ratio)
    gaps = [
        _Gap(below.ratio, above.ratio, (below.level_sd + above.level_sd) / 2.0)
        for below, above in itertools.pairwise(ordered)
    ]
    first, last = gaps[0], gaps[-1]
    lowest = _Gap(2.0 * first.low - first.high, first.low, ordered[0].level_sd)
    highest = _Gap(last.high, 2.0 * last.high - last.low, ordered[-1].level_sd)
    return [lowest, *gaps, highest]


def _normal_below(distance: float, sd: float) -> float:
    """Return how much of a bell curve lies below a point, 0..1.

    Args:
        distance: From its middle to the point.
        sd: Its standard deviation; 0 for a certain value.
    """
    if sd <= _ROUNDING:
        return 1.0 if distance >= -_ROUNDING else 0.0
    return 0.5 * math.erfc(-distance / (sd * math.sqrt(2.0)))


def _integral_of_normal(z: float) -> float:
    """Return the integral of the standard normal distribution function from minus infinity to z."""
    return z * _normal_below(z, 1.0) + math.exp(-z * z / 2.0) / math.sqrt(2.0 * math.pi)


def learned_confidence(
    observations: Sequence[DeliveryObservation], prior: DeliveryConfidence
) -> DeliveryConfidence:
    """Return what to expect of the next command.

    Args:
        observations: Past responses in order of time; the newest ninety-nine count.
        prior: What the site's configuration says; it holds until there are nine responses.

    Returns:
        The confidence, its quantiles 0 or more.
    """
    newest = observations[-NEWEST_KEPT:]
    if len(newest) < OBSERVATIONS_NEEDED:
        return prior
    ratios = delivered_ratios(newest)
    p10_ratio, p50_ratio, p90_ratio = (
        max(0.0, ratio_at(ratios, level)) for level in (MISSED_RATIO, 0.5, 1.0 - MISSED_RATIO)
    )
    return DeliveryConfidence(p10_ratio, p50_ratio, p90_ratio)


def observation_document(observation: DeliveryObservation) -> dict[str, object]:
    """Return an observation as JSON-able values, for the site's journal."""
    return {
        "at": observation.at.isoformat(),
        "commanded_kw": observation.commanded_kw,
        "metered_kw": observation.metered_kw,
        "shown_kw": observation.shown_kw,
        "noise_kw": observation.noise_kw,
    }


def observation_from(document: Mapping[str, object]) -> DeliveryObservation:
    """Read what `observation_document` wrote.

    Raises:
        InvalidInput: A value is missing, or is no quantity.
    """
    try:
        shown = document["shown_kw"]
        return DeliveryObservation(
            at=datetime.fromisoformat(str(document["at"])),
            commanded_kw=float(str(document["commanded_kw"])),
            metered_kw=float(str(document["metered_kw"])),
            shown_kw=None if shown is None else float(str(shown)),
            noise_kw=float(str(document["noise_kw"])),
        )
    except (KeyError, ValueError) as error:
        raise InvalidInput(f"an observation of a delivery cannot be read: {error!r}") from error
