"""What must not change a score, a choice, a flag or a fingerprint, and what must."""

import random
from dataclasses import asdict, replace
from datetime import date, time, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.baseline_sites import DAY, HOUR, MONDAY, additive, noisy_site, x_of_y
from support.gaming import EVENT, EVENT_DAY, RULE, raised
from support.scores import a_score

from vpp.baseline.rule_baseline import RuleBaseline
from vpp.baseline.rules.engine import compute_baseline
from vpp.baseline.scoring.data_version import data_version
from vpp.baseline.scoring.day_ahead_backtest import backtest_day_ahead
from vpp.baseline.scoring.day_ahead_plan import DayAheadPlan
from vpp.baseline.scoring.gaming import gaming_flags
from vpp.baseline.scoring.placebo_plan import PlaceboPlan, PlaceboWindow
from vpp.baseline.scoring.rule_choice import ChoicePolicy, choose_rule
from vpp.baseline.scoring.rule_score import RuleScore, ScoredRule
from vpp.baseline.scoring.score_rules import score_rules
from vpp.baseline.scoring.season import SeasonStart, season_of
from vpp.baseline.site_meter import SiteMeter

PLAN = PlaceboPlan(windows=(PlaceboWindow(time(17), 3 * HOUR),), day_count=4)
RULES = [x_of_y("plain"), x_of_y("adjusted", adjustment=additive(cap_ratio=0.2))]
SEEDS = st.integers(0, 50)
FACTORS = st.floats(0.01, 1000.0)


def scaled(site: SiteMeter, factor: float) -> SiteMeter:
    return replace(site, net_power_kw=site.net_power_kw * factor)


def ratios(score: ScoredRule) -> dict[str, object]:
    assert isinstance(score, RuleScore)
    return {
        name: pytest.approx(value, rel=1e-6, abs=1e-9) if isinstance(value, float) else value
        for name, value in asdict(score).items()
    }


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, factor=FACTORS)
def test_scores_do_not_depend_on_the_size_of_a_load(seed: int, factor: float) -> None:
    site = noisy_site(28, seed)
    scores = score_rules(RULES, {"small": site, "large": scaled(site, factor)}, PLAN)
    for rule in RULES:
        assert asdict(scores["large"][rule.baseline_id]) == ratios(scores["small"][rule.baseline_id])


@settings(max_examples=10, deadline=None)
@given(seeds=st.lists(SEEDS, min_size=2, max_size=5, unique=True), shuffle=st.randoms(use_true_random=False))
def test_scores_do_not_depend_on_which_other_sites_are_scored(
    seeds: list[int], shuffle: random.Random
) -> None:
    sites = {f"s{seed}": noisy_site(28, seed) for seed in seeds}
    names = list(sites)
    shuffle.shuffle(names)
    together = score_rules(RULES, {name: sites[name] for name in names}, PLAN)
    for name in names:
        alone = score_rules(RULES, {name: sites[name]}, PLAN)[name]
        assert {rule: asdict(score) for rule, score in together[name].items()} == {
            rule: ratios(score) for rule, score in alone.items()
        }


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, older_days=st.integers(1, 10), level=st.floats(0.0, 1e5))
def test_days_beyond_the_look_back_change_no_score(seed: int, older_days: int, level: float) -> None:
    days = {"classes": [{"kinds": ["workday"], "average": 5, "candidates": 5}], "lookback_days": 10}
    rule = x_of_y("short", days=days)
    site = noisy_site(28, seed)
    load = np.concatenate([np.full(24 * older_days, level), site.net_power_kw.to_numpy()])
    older = noisy_site(28 + older_days, start=MONDAY - older_days * DAY)
    older = replace(older, net_power_kw=older.net_power_kw * 0 + load)
    one, other = (score_rules([rule], {"a": each}, PLAN)["a"]["short"] for each in (site, older))
    assert asdict(other) == ratios(one)


@settings(max_examples=6, deadline=None)
@given(seed=SEEDS, factor=FACTORS)
def test_a_backtest_does_not_depend_on_the_size_of_a_load(seed: int, factor: float) -> None:
    site = noisy_site(30, seed)
    rows = backtest_day_ahead(
        {"a": site, "b": scaled(site, factor)}, [RULES[0]], DayAheadPlan(day_count=2)
    ).rows
    half = len(rows) // 2
    for small, large in zip(rows[:half], rows[half:], strict=True):
        for name in (
            "rmae_ratio",
            "mase_ratio",
            "cvrmse_ratio",
            "bias_ratio",
            "pinball_ratio",
            "coverage_ratio",
        ):
            assert getattr(large, name) == pytest.approx(getattr(small, name), rel=1e-6, abs=1e-9)


@given(
    errors=st.lists(st.sampled_from([0.02, 0.05, 0.1, 0.19, 0.2, 0.21, 0.5]), min_size=1, max_size=6),
    gain=st.sampled_from([0.0, 0.1, 0.5]),
    shuffle=st.randoms(use_true_random=False),
)
def test_a_choice_passes_if_any_rule_does_and_does_not_depend_on_order(
    errors: list[float], gain: float, shuffle: random.Random
) -> None:
    rules = [x_of_y(f"rule-{n}") for n in range(len(errors))]
    scores: dict[str, ScoredRule] = {
        rule.baseline_id: a_score(rule, rrmse=error) for rule, error in zip(rules, errors, strict=True)
    }
    own, others = rules[-1], rules[:-1]
    choices = []
    for _ in range(2):
        choices.append(
            choose_rule(
                "site",
                season_of(date(2026, 1, 1)),
                own,
                others,
                scores,
                data_version="d",
                engine_version="e",
                policy=ChoicePolicy(gain_ratio=gain),
            )
        )
        shuffle.shuffle(others)
    assert choices[0] == choices[1]
    chosen = errors[int(choices[0].baseline_id.removeprefix("rule-"))]
    assert choices[0].passed is (min(errors) <= 0.2)
    if choices[0].passed:
        # Nothing that passes is better by more than the gain, unless it is equal.
        assert chosen == min(errors) or (chosen == errors[-1] and min(errors) >= (1 - gain) * chosen)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, factor=FACTORS, rise=st.sampled_from([1.0, 1.1, 1.3, 1.6]))
def test_flags_do_not_depend_on_the_size_of_a_load(seed: int, factor: float, rise: float) -> None:
    site = raised(noisy_site(30, seed), rise, 13, 17)
    kinds = []
    for each in (site, scaled(site, factor)):
        baseline = compute_baseline(RULE, each, EVENT)
        assert isinstance(baseline, RuleBaseline)
        kinds.append([flag.kind for flag in gaming_flags(RULE, each, EVENT, baseline)])
    assert kinds[0] == kinds[1]
    assert bool(kinds[0]) is (rise > 1.2)
    assert EVENT.start == MONDAY + EVENT_DAY * DAY + 17 * HOUR


@given(position=st.integers(0, 71), change=st.floats(allow_nan=True, allow_infinity=False))
def test_a_fingerprint_changes_with_any_value_and_with_nothing_else(position: int, change: float) -> None:
    site = noisy_site(3)
    load = site.net_power_kw.copy()
    was = float(load.iloc[position])
    load.iloc[position] = change
    same = change == was
    assert (data_version(replace(site, net_power_kw=load)) == data_version(site)) is same
    load.iloc[position] = was
    assert data_version(replace(site, net_power_kw=load)) == data_version(site)


@given(
    starts=st.lists(st.tuples(st.integers(1, 12), st.integers(1, 28)), min_size=1, max_size=6, unique=True),
    day=st.dates(date(2020, 1, 1), date(2035, 12, 31)),
)
def test_every_day_is_in_one_season(starts: list[tuple[int, int]], day: date) -> None:
    seasons = tuple(SeasonStart(f"s{n}", *start) for n, start in enumerate(starts))
    season = season_of(day, seasons)
    assert day in season
    assert season_of(season.start, seasons) == season
    assert season_of(season.end - timedelta(days=1), seasons) == season
    assert season_of(season.end, seasons).start == season.end
    assert timedelta(0) < season.end - season.start <= timedelta(days=366)
