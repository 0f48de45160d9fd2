"""What many runs say together: how often promises were met, and how close any limit came."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist, fmean

from support.calibration.run import SITE, Promise, Run

ALL = "all kinds"
ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Share:
    """How often a kind met its promise.

    Attributes:
        kind: Kind of resource, or `site`.
        count: Promises made.
        met: Promises met.
        promised_ratio: Mean of promised over modelled power.
        delivered_ratio: Mean of delivered over modelled power.
        by_run: Promises made and met in each run; those of one run hang together.
    """

    kind: str
    count: int
    met: int
    promised_ratio: float
    delivered_ratio: float
    by_run: tuple[tuple[int, int], ...]

    @property
    def ratio(self) -> float:
        """Share of the promises that were met, 0..1."""
        return self.met / self.count

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return the interval in which the true share lies with a confidence; runs are independent."""
        z = NormalDist().inv_cdf(0.5 + confidence / 2.0)
        spread = sum((met - count * self.ratio) ** 2 for count, met in self.by_run)
        half = z * spread**0.5 / self.count
        return self.ratio - half, self.ratio + half


def shares(runs: Iterable[Run]) -> list[Share]:
    """Count promises by kind; all kinds together stand last but one, the sites last."""
    by_kind: dict[str, list[Promise]] = defaultdict(list)
    by_run: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for run in runs:
        in_run: dict[str, list[Promise]] = defaultdict(list)
        for promise in run.promises:
            in_run[promise.kind].append(promise)
            if promise.kind != SITE:
                in_run[ALL].append(promise)
        for kind, promises in in_run.items():
            by_kind[kind] += promises
            by_run[kind].append((len(promises), sum(promise.is_met for promise in promises)))
    order = sorted(by_kind, key=lambda kind: (kind == SITE, kind == ALL, kind))
    return [
        Share(
            kind,
            len(by_kind[kind]),
            sum(promise.is_met for promise in by_kind[kind]),
            fmean(promise.p10_ratio for promise in by_kind[kind]),
            fmean(promise.delivered_kw / promise.modelled_kw for promise in by_kind[kind]),
            tuple(by_run[kind]),
        )
        for kind in order
    ]


@dataclass(frozen=True, slots=True)
class Margin:
    """How close a hard limit came.

    Attributes:
        limit: Resource and limit, with its unit.
        smallest: Smallest margin of all runs; below 0 the limit was broken.
        seed: Run in which that was.
        broken: Runs in which it was broken.
    """

    limit: str
    smallest: float
    seed: int
    broken: int


def margins(runs: Iterable[Run]) -> list[Margin]:
    """Return each limit's smallest margin over all runs."""
    seen: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for run in runs:
        for limit, margin in run.margins.items():
            seen[limit].append((margin, run.seed))
    return [
        Margin(limit, *min(values), sum(margin < -ROUNDING for margin, _ in values))
        for limit, values in sorted(seen.items())
    ]


def broken_limits(runs: Iterable[Run]) -> Mapping[str, int]:
    """Return a run for each limit that was broken in any; empty if none was."""
    return {margin.limit: margin.seed for margin in margins(runs) if margin.broken}
