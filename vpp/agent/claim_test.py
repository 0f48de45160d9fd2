"""Whether what devices claim to do shows at the meter: a sequential test over changes.

A device can say that it did what it was told while the meter shows nothing of it. One reading cannot
tell that from a load that rose by chance; changes can. Between two control steps let

    y_t = net_{t-1} - net_t,    x_{i,t} = claim_{i,t} - claim_{i,t-1}

where claim_i is the reduction that device i reports, kW. If all are honest, e_t = y_t - sum_j x_{j,t} is
the load's own change. If what device i does is not real, it is e_t + x_{i,t}; and in the step in which
that begins, e_t + x_{i,t} + claim_{i,t-1}: what it did before falls away. Loads jump, so e is taken to
follow Student's t with 3 degrees of freedom, scale s: l(e) = -2 ln(1 + e^2 / (3 s^2)). Per device

    S_{i,t} = max(0, S_{i,t-1} + [l(e_t + x_i) - l(e_t)],  [l(e_t + x_i + claim_{i,t-1}) - l(e_t)])

where [] bounds what one step can say: a load may jump by just what a device claims, but hardly twice. A
device is doubted when S_i passes a limit and no other device explains the changes as well. The scale s
is learned from steps in which no claim moves: that is the load's own restlessness.

Source:
    Page, Continuous Inspection Schemes, 1954 (the cumulative sum test); Student's t as a likelihood that
    is robust against jumps; the application to device claims is a design of this project.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

ALARM = 5.0
"""A fault is e^5 = 150 times as likely as none."""
AHEAD = 2.0
"""And e^2 = 7 times as likely as that of another device."""
ONE_STEP = 4.0
"""The most that one step can say."""
FREEDOM = 3.0
FIRST_NOISE_RATIO = 0.02
"""Noise before any is known, as a share of the load."""
LEAST_NOISE_KW = 0.1
LEAST_NOISE_RATIO = 0.002
"""No meter and no instrument agree better than this, as a share of the load."""
MEMORY = 0.03
"""Weight of the newest step in the noise, once many are known."""
VISIBLE_KW = 0.3
"""A claim that moves by less says nothing."""
JUMP = 5.0
"""Standard deviations beyond which one step says nothing lasting of the noise."""


class ClaimTest:
    """Tests the devices of one site."""

    def __init__(self, resource_ids: Sequence[str]) -> None:
        """Begin by believing everybody."""
        self._place = {resource_id: n for n, resource_id in enumerate(resource_ids)}
        self._score = np.zeros(len(resource_ids))
        self._noise_variance: float | None = None
        self._quiet_count = 0
        self._least_kw = LEAST_NOISE_KW
        self._before: tuple[float, np.ndarray] | None = None

    @property
    def noise_kw(self) -> float:
        """Standard deviation of the load's own change from step to step, kW; 0 while nothing was metered."""
        return math.sqrt(self._noise_variance or 0.0)

    def see(self, net_kw: float | None, claim_kw: Mapping[str, float]) -> None:
        """Take up a step.

        Args:
            net_kw: What the meter showed, kW; None breaks the chain of changes.
            claim_kw: What each device says it did in the same span, kW.
        """
        claims = np.zeros(len(self._place))
        for resource_id, value in claim_kw.items():
            claims[self._place[resource_id]] = value
        before = self._before
        self._before = None if net_kw is None else (net_kw, claims)
        if before is None or net_kw is None:
            return
        moved, change_kw = claims - before[1], before[0] - net_kw
        if self._noise_variance is None:
            self._noise_variance = max(LEAST_NOISE_KW, FIRST_NOISE_RATIO * abs(net_kw)) ** 2
        if float(np.abs(moved).max(initial=0.0)) < VISIBLE_KW and not np.abs(before[1]).max(initial=0.0):
            self._learn_noise(change_kw)
        self._least_kw = max(LEAST_NOISE_KW, LEAST_NOISE_RATIO * abs(net_kw))
        self._judge(moved, before[1], change_kw)

    def _learn_noise(self, change_kw: float) -> None:
        kept = self._noise_variance or 0.0
        self._quiet_count += 1
        weight = max(MEMORY, 1.0 / (self._quiet_count + 1))
        fresh = min(change_kw**2, JUMP**2 * kept)
        self._noise_variance = max(LEAST_NOISE_KW**2, (1.0 - weight) * kept + weight * fresh)

    def _judge(self, moved: np.ndarray, claimed: np.ndarray, change_kw: float) -> None:
        honest = change_kw - float(moved.sum())
        likely = self._likelihood(np.array(honest))
        goes_on = self._score + _bounded(self._likelihood(honest + moved) - likely)
        begins = _bounded(self._likelihood(honest + moved + claimed) - likely)
        self._score = np.maximum(0.0, np.maximum(goes_on, begins))

    def _likelihood(self, error_kw: np.ndarray) -> np.ndarray:
        """Return the log-likelihood of changes of the load, up to a constant."""
        scale = max(self._least_kw**2, self._noise_variance or 0.0)
        likelihood: np.ndarray = -(FREEDOM + 1.0) / 2.0 * np.log1p(error_kw**2 / (FREEDOM * scale))
        return likelihood

    def is_doubtful(self, resource_id: str) -> bool:
        """Tell whether a device's claims are not real, beyond reasonable chance and doubt."""
        place = self._place[resource_id]
        others = np.delete(self._score, place)
        return bool(self._score[place] > ALARM and self._score[place] > others.max(initial=0.0) + AHEAD)

    def trust_again(self, resource_id: str) -> None:
        """Forget what was held against a device."""
        self._score[self._place[resource_id]] = 0.0

    def begin_anew(self) -> None:
        """Forget the last step: what comes next is no change from it."""
        self._before = None

    def acquit_others(self, resource_id: str) -> None:
        """Begin anew with all devices but one, which explains what was held against them."""
        kept = self._score[self._place[resource_id]]
        self._score[:] = 0.0
        self._score[self._place[resource_id]] = kept
        self.begin_anew()  # its claims count no more, which is no change of the load


def _bounded(evidence: np.ndarray) -> np.ndarray:
    """Bound what one step says for a fault; against it, it may say anything."""
    bounded: np.ndarray = np.minimum(evidence, ONE_STEP)
    return bounded
