from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.baseline_sites import additive, at, day_of, noisy_site, span, x_of_y

from vpp.baseline.rule_baseline import NoBaseline, RuleBaseline
from vpp.baseline.rules.engine import compute_baseline
from vpp.baseline.scoring.provenance import provenance_of
from vpp.baseline.scoring.rederive import Rederivation, rederive
from vpp.baseline.site_meter import SiteMeter
from vpp.portfolio.baseline_rule import BaselineRule

RULE, EVENT, NOTICE = x_of_y(adjustment=additive(4, 1)), span(21, 17, 21), at(21, 13)
FULL = noisy_site(40, device_kw=noisy_site(40, seed=9).net_power_kw)
# What was known when the baseline was made, an hour before the event.
KNOWN = replace(FULL, net_power_kw=FULL.net_power_kw[: at(21, 15)], device_kw=FULL.net_power_kw[: at(21, 15)])
QUALITY = np.full(40 * 24, "good")


def again(site: SiteMeter, rule: BaselineRule = RULE, **changes: Any) -> Rederivation:  # noqa: ANN401  any field
    made = compute_baseline(RULE, KNOWN, EVENT, notice_at=NOTICE)
    assert isinstance(made, RuleBaseline)
    stored = provenance_of(RULE, KNOWN, EVENT, notice_at=NOTICE, quality=QUALITY[: len(KNOWN.net_power_kw)])
    return rederive(
        replace(stored, **changes),
        made.raw_kw.to_numpy().tolist(),
        made.adjusted_kw.to_numpy().tolist(),
        rule,
        site,
        quality=QUALITY[: len(site.net_power_kw)],
    )


def test_the_same_data_and_rule_give_the_same_baseline() -> None:
    found = again(KNOWN)
    assert (found.matches, found.differences) == (True, ())
    assert isinstance(found.outcome, RuleBaseline)


def test_years_later_more_is_known_and_nothing_differs() -> None:
    later = replace(
        FULL,
        device_kw=FULL.net_power_kw,
        events=[span(30, 17, 21)],
        excluded_dates=frozenset({day_of(33)}),
    )
    assert again(later).differences == ()


def test_a_corrected_reading_is_found_in_data_and_figures() -> None:
    load = FULL.net_power_kw.copy()
    load.iloc[24 * 18 + 18] += 50.0  # one of five days averaged
    found = again(replace(FULL, net_power_kw=load, device_kw=FULL.net_power_kw))
    assert not found.matches
    assert found.differences[0].startswith("data_version was")
    assert "raw_kw differs by up to 10 kW" in found.differences


def test_another_rule_or_engine_is_found_even_where_the_figures_agree() -> None:
    renamed = RULE.model_copy(update={"display_name": "another name"})
    assert [text.split()[0] for text in again(KNOWN, renamed).differences] == ["rule_digest"]
    assert again(KNOWN, engine_version="0").differences == ("engine_version was 0, is 1",)


def test_a_baseline_that_can_no_longer_be_made_is_a_difference() -> None:
    gone = FULL.net_power_kw * np.nan
    found = again(replace(FULL, net_power_kw=gone))
    assert isinstance(found.outcome, NoBaseline)
    assert any("now there is none" in text for text in found.differences)


def test_another_length_is_a_difference() -> None:
    found = again(KNOWN, event=span(21, 17, 20))
    assert "raw_kw had 4 intervals, has 3" in found.differences


@pytest.mark.parametrize("quality", ["estimated"])
def test_another_quality_is_another_data_version(quality: str) -> None:
    made = compute_baseline(RULE, KNOWN, EVENT, notice_at=NOTICE)
    assert isinstance(made, RuleBaseline)
    stored = provenance_of(RULE, KNOWN, EVENT, notice_at=NOTICE, quality=QUALITY[: len(KNOWN.net_power_kw)])
    other = QUALITY.astype("<U16")
    other[3] = quality
    found = rederive(
        stored, made.raw_kw, made.adjusted_kw, RULE, replace(FULL, device_kw=FULL.net_power_kw), quality=other
    )
    assert [text.split()[0] for text in found.differences] == ["data_version"]
