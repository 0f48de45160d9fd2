r"""A site's own response to power caps, learned from test dispatches.

A cap above what a job draws changes nothing: of the published configurations at about 80 % cap 28
to 38 % changed their power by less than 2 %. A site therefore tries its caps out, and bids what they
do nine times in ten. With n observations of a cap setting s, cuts x_1 <= ... <= x_n and losses
y_1 <= ... <= y_n:

    k = max(1, floor((n + 1) / 10)),   cut(s) = x_k,   loss(s) = y_{n + 1 - k}

If a further observation is exchangeable with the earlier ones, it is x_k or more with probability
1 - k / (n + 1), which is nine in ten or better from nine observations on; below nine the worst one
observed counts, for n / (n + 1). A deeper cap never cuts less and never costs less:

    cut(s) <- min over deeper settings,   loss(s) <- max over shallower settings

Source:
    Design of this project; the 2 % that make a cap inert: Zeus traces, flexibility models,
    section 6.2. Exchangeability: split conformal prediction.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from vpp.flexibility.bounds import check_above_zero, check_within
from vpp.flexibility.cut_curve import SMALLEST_CUT_RATIO, CutCurve

INERT_CUT_RATIO = 0.02
"""A cap that changes power by less does nothing."""
MISSED_SHARE = 0.1
"""A promise may be missed once in ten times."""
SETTING_DECIMALS = 3
"""Cap settings are told apart to a tenth of a percent."""


@dataclass(frozen=True, slots=True)
class CapObservation:
    """What a test dispatch or an event showed of one cap setting.

    Attributes:
        cap_ratio: The cap, as a share of the board's uncapped limit, in (0, 1].
        power_cut_ratio: Measured power not drawn, as a share of the power before; below 0 where
            power rose.
        loss_ratio: Measured work lost, as a share of the work rate before; below 0 where it rose.
    """

    cap_ratio: float
    power_cut_ratio: float
    loss_ratio: float

    def __post_init__(self) -> None:
        """Refuse what is no measurement."""
        check_above_zero(self.cap_ratio, "cap_ratio", 1.0)
        check_within(self.power_cut_ratio, "power_cut_ratio", -1.0, 1.0)
        check_within(self.loss_ratio, "loss_ratio", -1.0, 1.0)


@dataclass(frozen=True, slots=True)
class CapSetting:
    """What one cap setting does nine times in ten.

    Attributes:
        cap_ratio: The cap, as a share of the board's uncapped limit.
        cut_ratio: Power cut, 0..1; 0 if the cap is inert.
        loss_ratio: Work lost, 0..1.
        observation_count: How often it was seen.
    """

    cap_ratio: float
    cut_ratio: float
    loss_ratio: float
    observation_count: int

    @property
    def is_inert(self) -> bool:
        """Whether the cap changes next to nothing."""
        return self.cut_ratio < INERT_CUT_RATIO


@dataclass(frozen=True, slots=True)
class LearnedCaps:
    """A class's response to the cap settings that the site has tried.

    Attributes:
        settings: From the shallowest to the deepest.
    """

    settings: tuple[CapSetting, ...]

    @property
    def curve(self) -> CutCurve:
        """Work lost over power cut; of settings that cut the same, the shallowest counts."""
        curve = CutCurve()
        for setting in self.settings:
            if not setting.is_inert:
                curve = curve.then(setting.cut_ratio, setting.loss_ratio)
        return curve


def learned_caps(observations: Sequence[CapObservation]) -> LearnedCaps:
    """Learn what caps do from what they did.

    Args:
        observations: Of one job class on one kind of board, in any order.

    Returns:
        One setting per cap seen, shallowest first; none without observations.

    Example:
        >>> seen = [CapObservation(0.8, 0.004, 0.0), CapObservation(0.6, 0.22, 0.08)]
        >>> [setting.is_inert for setting in learned_caps(seen).settings]
        [True, False]
    """
    cuts: defaultdict[float, list[float]] = defaultdict(list)
    losses: defaultdict[float, list[float]] = defaultdict(list)
    for each in observations:
        cap_ratio = round(each.cap_ratio, SETTING_DECIMALS)
        cuts[cap_ratio].append(each.power_cut_ratio)
        losses[cap_ratio].append(each.loss_ratio)
    deepest_first: list[tuple[float, float, float, int]] = []
    cut_so_far = 1.0
    for cap_ratio in sorted(cuts):
        count = len(cuts[cap_ratio])
        rank = max(1, math.floor((count + 1) * MISSED_SHARE + SMALLEST_CUT_RATIO))
        cut_so_far = min(cut_so_far, max(0.0, sorted(cuts[cap_ratio])[rank - 1]))
        loss = max(0.0, sorted(losses[cap_ratio])[count - rank])
        deepest_first.append((cap_ratio, cut_so_far, loss, count))
    settings: list[CapSetting] = []
    loss_so_far = 0.0
    for cap_ratio, cut_ratio, loss_ratio, count in reversed(deepest_first):
        loss_so_far = max(loss_so_far, loss_ratio)
        is_inert = cut_ratio < INERT_CUT_RATIO
        settings.append(CapSetting(cap_ratio, 0.0 if is_inert else cut_ratio, loss_so_far, count))
    return LearnedCaps(tuple(settings))
