"""Day matching for many sites at once: arrays in, arrays out."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vpp.baseline.rules.candidates import ROUNDING, known_mean
from vpp.baseline.rules.event_view import Floats
from vpp.baseline.rules.load_model import equal_or_weighted
from vpp.baseline.rules.wall_positions import Ints
from vpp.portfolio.baseline_method import XOfY
from vpp.portfolio.baseline_rule import Adjustment, DayClass, DayPool

Bools = npt.NDArray[np.bool_]
OUTSIDE = -1
# Most sites fill their pool from this many days more than it holds; only the others read on.
SPARE_DAYS = 3


@dataclass(frozen=True, slots=True, eq=False)
class MatchedWindows:
    """Positions on a grid that sites share; `OUTSIDE` where there is nothing to read.

    Attributes:
        event: The event's wall times on each candidate day, most recent first. Shape (D, N).
        base: The adjustment windows' wall times on each. Shape (D, A).
        actual: The adjustment windows themselves. Shape (A,).
        whole_days: Each candidate day as a whole, where the rule ranks by it; days differ in length.
    """

    event: Ints
    base: Ints
    actual: Ints
    whole_days: tuple[Ints, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class MatchedBaselines:
    """Baselines of many sites; a site that is not `done` needs the single path and its fallbacks.

    Attributes:
        raw_kw: kW, NaN where not done. Shape (S, N).
        added_kw: What an additive adjustment adds, kW. Shape (S,).
        ratio: What a ratio adjustment multiplies by. Shape (S,).
        capped: Whether a cap made the adjustment smaller. Shape (S,).
        picked: Days averaged, as rows of the windows, most recent first. Shape (S, X).
        day_count: Days that were chosen from, at most Y. Shape (S,).
        done: Whether the site has enough days and every reading that the rule needs. Shape (S,).
    """

    raw_kw: Floats
    added_kw: Floats
    ratio: Floats
    capped: Bools
    picked: Ints
    day_count: Ints
    done: Bools

    @property
    def adjusted_kw(self) -> Floats:
        """After the adjustment, before limits, kW; shape (S, N)."""
        return self.raw_kw * self.ratio[:, None] + self.added_kw[:, None]


@dataclass(frozen=True, slots=True, eq=False)
class MatchedRule:
    """The part of a rule that the array path applies.

    Attributes:
        method: X of Y.
        pool: The rule's days.
        day_class: The class of the event's day.
        adjustment: The same-day adjustment; None for none.
    """

    method: XOfY
    pool: DayPool
    day_class: DayClass
    adjustment: Adjustment | None


def matched_baselines(
    rule: MatchedRule, load_kw: Floats, windows: MatchedWindows, usable: Bools | None = None
) -> MatchedBaselines:
    """Apply an X-of-Y rule to many sites.

    Args:
        rule: The rule.
        load_kw: Load of each site on the shared grid, kW; NaN is a gap or hidden. Shape (S, T).
        windows: Where the event and the windows lie on it.
        usable: Which candidate days may stand for the event's at each site; None for all. Shape (S, D).

    Returns:
        The same figures as the single path gives, for the sites that need no fallback.
    """
    days = len(windows.event)
    at_first = min(days, rule.day_class.candidates + SPARE_DAYS)
    found = _matched(rule, load_kw, windows, usable, at_first)
    again = np.flatnonzero(found.day_count < rule.day_class.candidates)
    if at_first < days and len(again):
        rest = _matched(rule, load_kw[again], windows, None if usable is None else usable[again], days)
        for name in ("raw_kw", "added_kw", "ratio", "capped", "picked", "day_count", "done"):
            getattr(found, name)[again] = getattr(rest, name)
    return found


def _matched(
    rule: MatchedRule, load_kw: Floats, windows: MatchedWindows, usable: Bools | None, days: int
) -> MatchedBaselines:
    """Apply the rule with only the most recent days."""
    count, sites = rule.day_class.average, np.arange(len(load_kw))
    by_day_kw = read(load_kw, windows.event[:days])
    pool, rank_kw = _pooled(rule, load_kw, by_day_kw, windows, None if usable is None else usable[:, :days])
    day_count = pool.sum(axis=1)
    fewest = count if rule.day_class.fewest is None else rule.day_class.fewest
    done = day_count >= max(count, fewest)
    picked = _picked(rule.method.pick, np.where(pool, rank_kw, np.nan), day_count, count, days)
    shares = equal_or_weighted(rule.day_class.weights, count)
    raw_kw = _shared_mean(by_day_kw[sites[:, None], picked], shares)
    done &= ~np.isnan(raw_kw).any(axis=1)
    added_kw, ratio = np.zeros(len(sites)), np.ones(len(sites))
    capped = np.zeros(len(sites), dtype=np.bool_)
    if rule.adjustment is not None:
        actual_kw = read(load_kw, windows.actual).mean(axis=-1)
        positions = windows.base[picked]
        base_by_day_kw = np.where(positions >= 0, load_kw[sites[:, None, None], positions], np.nan)
        base_in_window_kw = _shared_mean(base_by_day_kw, shares)
        base_kw = base_in_window_kw.mean(axis=-1)
        # What the single path notes about days that lack readings there, only it can say.
        done &= ~(np.isnan(actual_kw) | np.isnan(base_by_day_kw).any(axis=(1, 2)))
        if rule.adjustment.kind == "ratio":
            rounding_kw = ROUNDING * np.abs(base_in_window_kw).max(axis=-1)
            done &= (base_kw > rounding_kw) & (actual_kw >= 0)
            ratio, capped = _ratios(rule.adjustment, actual_kw, base_kw, done)
        else:
            added_kw, capped = _additions(rule.adjustment, actual_kw - base_kw, raw_kw.mean(axis=-1))
    return MatchedBaselines(
        raw_kw=np.where(done[:, None], raw_kw, np.nan),
        added_kw=np.where(done, added_kw, 0.0),
        ratio=np.where(done, ratio, 1.0),
        capped=capped & done,
        picked=picked,
        day_count=day_count,
        done=done,
    )


def read(load_kw: Floats, positions: Ints) -> Floats:
    """Read every site's load at positions, NaN outside; shape (S, *positions.shape)."""
    found = np.take(load_kw, np.maximum(positions, 0), axis=1)
    if (positions < 0).any():
        found[:, positions < 0] = np.nan
    return found


def _pooled(
    rule: MatchedRule, load_kw: Floats, by_day_kw: Floats, windows: MatchedWindows, usable: Bools | None
) -> tuple[Bools, Floats]:
    """Tell which days are chosen from, and what they are ranked by; shapes (S, D)."""
    count = rule.day_class.candidates
    mean_kw, known = known_mean(by_day_kw)
    rank_kw = mean_kw
    if rule.method.rank_by == "day_energy":
        whole = [known_mean(read(load_kw, day)) for day in windows.whole_days[: by_day_kw.shape[1]]]
        rank_kw = np.stack([mean for mean, _ in whole], axis=1)
        known = np.minimum(known, np.stack([share for _, share in whole], axis=1))
    eligible = (known > 0) & (known >= rule.pool.complete_ratio - ROUNDING)
    if usable is not None:
        eligible &= usable
    if rule.pool.low_use_ratio > 0:
        first = eligible & (np.cumsum(eligible, axis=1) <= count)
        total_kw = np.where(first, mean_kw, 0.0).sum(axis=1)
        first_kw = total_kw / np.maximum(first.sum(axis=1), 1)
        line_kw = rule.pool.low_use_ratio * first_kw[:, None]
        slack_kw = ROUNDING * line_kw
        with np.errstate(invalid="ignore"):
            if rule.pool.low_use_inclusive:
                stays = mean_kw > line_kw + slack_kw
            else:
                stays = mean_kw >= line_kw - slack_kw
        eligible &= stays | (first_kw[:, None] <= 0)
    return eligible & (np.cumsum(eligible, axis=1) <= count), rank_kw


def _picked(pick: str, rank_kw: Floats, day_count: Ints, count: int, days: int) -> Ints:
    """Return X days by the ranking, most recent first; NaN ranks are no candidates. Shape (S, X)."""
    if pick == "all":
        key = np.where(np.isnan(rank_kw), np.inf, 0.0)
    else:
        key = np.where(np.isnan(rank_kw), np.inf, -rank_kw if pick == "high" else rank_kw)
    order = np.argsort(key, axis=1, kind="stable")
    skip = np.maximum(day_count - count, 0) // 2 if pick == "middle" else np.zeros_like(day_count)
    at = np.minimum(skip[:, None] + np.arange(count), days - 1)
    return np.sort(np.take_along_axis(order, at, axis=1), axis=1)


def _shared_mean(by_day_kw: Floats, shares: Floats) -> Floats:
    """Return the weighted mean over days of what is known; (S, X, N) to (S, N)."""
    known = ~np.isnan(by_day_kw)
    weight = (known * shares[:, None]).sum(axis=1)
    total = np.where(known, by_day_kw * shares[:, None], 0.0).sum(axis=1)
    mean = np.full(total.shape, np.nan)
    np.divide(total, weight, out=mean, where=weight > 0)
    return mean


def _additions(adjustment: Adjustment, measured_kw: Floats, raw_mean_kw: Floats) -> tuple[Floats, Bools]:
    wanted_kw = np.maximum(measured_kw, 0.0) if adjustment.up_only else measured_kw
    if adjustment.cap_ratio is None:
        return wanted_kw, np.zeros(len(wanted_kw), dtype=np.bool_)
    cap_kw = adjustment.cap_ratio * np.abs(raw_mean_kw)
    return np.minimum(np.maximum(wanted_kw, -cap_kw), cap_kw), np.abs(wanted_kw) > cap_kw


def _ratios(adjustment: Adjustment, actual_kw: Floats, base_kw: Floats, done: Bools) -> tuple[Floats, Bools]:
    wanted = np.ones(len(actual_kw))
    np.divide(actual_kw, base_kw, out=wanted, where=done)
    if adjustment.up_only:
        wanted = np.maximum(wanted, 1.0)
    if adjustment.cap_ratio is None:
        return wanted, np.zeros(len(wanted), dtype=np.bool_)
    lowest, highest = 1.0 - adjustment.cap_ratio, 1.0 + adjustment.cap_ratio
    return np.clip(wanted, lowest, highest), (wanted < lowest) | (wanted > highest)
