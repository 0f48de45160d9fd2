"""Making a stored baseline again, years later, and saying whether anything differs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.baseline.rule_baseline import NoBaseline, RuleBaseline
from vpp.baseline.rules.engine import compute_baseline
from vpp.baseline.scoring.provenance import Provenance, provenance_of
from vpp.baseline.site_meter import SiteMeter
from vpp.portfolio.baseline_rule import BaselineRule

NO_RULES: Mapping[str, BaselineRule] = {}
# Another processor may sum in another order; a milliwatt or a billionth is no difference.
ABSOLUTE_KW, RELATIVE = 1e-6, 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Rederivation:
    """A baseline made again, held against the stored one.

    Attributes:
        matches: Whether rule, engine, data and every figure are the same.
        differences: What is not, each in a sentence.
        outcome: The baseline made again.
    """

    matches: bool
    differences: tuple[str, ...]
    outcome: RuleBaseline | NoBaseline


def rederive(  # noqa: PLR0913  what was stored, and what it is made from again
    stored: Provenance,
    stored_raw_kw: npt.ArrayLike,
    stored_adjusted_kw: npt.ArrayLike,
    rule: BaselineRule,
    site: SiteMeter,
    *,
    quality: npt.ArrayLike | None = None,
    library: Mapping[str, BaselineRule] = NO_RULES,
) -> Rederivation:
    """Make a stored baseline again and say whether anything differs.

    The site's metering may reach further than it did; it is cut to the stored span.

    Args:
        stored: Its provenance.
        stored_raw_kw: Its figures before the adjustment, kW. Shape (N,).
        stored_adjusted_kw: Its figures after it, kW. Shape (N,).
        rule: The rule of that version.
        site: What is known of the site now.
        quality: Name of the quality of each interval now, if it was given then. Shape (T,).
        library: Rules that `rule` may name.

    Raises:
        InvalidInput: The metering is not regular, or does not touch the stored span.
    """
    then, quality_then = _as_then(stored, site, quality)
    now = provenance_of(rule, then, stored.event, notice_at=stored.notice_at, quality=quality_then)
    outcome = compute_baseline(rule, then, stored.event, notice_at=stored.notice_at, library=library)
    differences = (
        *_content_differences(stored, now),
        *_figure_differences(outcome, stored_raw_kw, stored_adjusted_kw),
    )
    return Rederivation(not differences, differences, outcome)


def _as_then(
    stored: Provenance, site: SiteMeter, quality: npt.ArrayLike | None
) -> tuple[SiteMeter, npt.NDArray[np.str_] | None]:
    """Cut the metering, and the quality beside it, to the stored span."""

    def kept(index: pd.Index) -> slice:
        bounds = (stored.data_start, stored.data_end)
        return slice(*(int(index.searchsorted(pd.Timestamp(at))) for at in bounds))

    span = kept(site.net_power_kw.index)
    then = replace(
        site,
        net_power_kw=site.net_power_kw.iloc[span],
        device_kw=None if site.device_kw is None else site.device_kw.iloc[kept(site.device_kw.index)],
        control_kw=None if site.control_kw is None else site.control_kw.iloc[kept(site.control_kw.index)],
    )
    return then, None if quality is None else np.asarray(quality, dtype=np.str_)[span]


def _content_differences(stored: Provenance, now: Provenance) -> Iterator[str]:
    for name in ("baseline_id", "rule_version", "rule_digest", "engine_version", "data_version"):
        was, is_now = getattr(stored, name), getattr(now, name)
        if was != is_now:
            yield f"{name} was {was}, is {is_now}"


def _figure_differences(
    outcome: RuleBaseline | NoBaseline, raw_kw: npt.ArrayLike, adjusted_kw: npt.ArrayLike
) -> Iterator[str]:
    if isinstance(outcome, NoBaseline):
        yield f"there was a baseline, now there is none: {outcome.detail}"
        return
    for name, was, series in (
        ("raw_kw", raw_kw, outcome.raw_kw),
        ("adjusted_kw", adjusted_kw, outcome.adjusted_kw),
    ):
        before, after = np.asarray(was, dtype=np.float64), series.to_numpy(dtype=np.float64)
        if before.shape != after.shape:
            yield f"{name} had {before.size} intervals, has {after.size}"
        elif not np.allclose(before, after, rtol=RELATIVE, atol=ABSOLUTE_KW, equal_nan=True):
            yield f"{name} differs by up to {np.nanmax(np.abs(before - after)):g} kW"
