"""The figures that each version of the engine gives for one made-up site.

A stored baseline names the engine's version, so that it can be made again. If a case here fails, the
engine gives other figures than it did: either that is a defect, or ENGINE_VERSION is raised by one and
the figures of the new version are added. The load needs no random numbers, so that it is the same for
ever:

    load[n] = 300 + 80 sin(2 pi (n mod 24 - 8) / 24) - 60 [Saturday or Sunday] + ((7919 n) mod 97) / 4

with n the hours from Monday, 5 January 2026, 00:00 in London. The event is 17:00 to 20:00 on Thursday,
26 February 2026 (n from 1265), with notice at noon, and an earlier one on the Tuesday before.
"""

from dataclasses import replace

import numpy as np
import pytest
from support.baseline_sites import additive, at, day_of, site_of, span, x_of_y

from vpp.baseline.engine_version import ENGINE_VERSION
from vpp.baseline.rule_baseline import RuleBaseline
from vpp.baseline.rules.engine import compute_baseline
from vpp.portfolio.baseline_rule import BaselineRule

EVENT, NOTICE = span(52, 17, 20), at(52, 12)
CLASSES = {
    "classes": [
        {"kinds": ["workday"], "average": 3, "candidates": 5},
        {"kinds": ["saturday", "sunday", "holiday"], "average": 2, "candidates": 3},
    ],
    "lookback_days": 45,
    "low_use_ratio": 0.25,
}
EVERY_WORKDAY = {
    "classes": [{"kinds": ["workday"], "average": 60, "candidates": 60, "fewest": 5}],
    "lookback_days": 45,
}
RULES = {
    "high 3 of 5, additive": x_of_y(
        method={"kind": "x_of_y", "pick": "high"},
        days=CLASSES,
        adjustment=additive(8, 4, cap_ratio=0.2, before_notice=True),
    ),
    "middle 3 of 5, ratio": x_of_y(
        method={"kind": "x_of_y", "pick": "middle"},
        days=CLASSES,
        adjustment={**additive(8, 5), "kind": "ratio", "cap_ratio": 0.02},
    ),
    "90/10": x_of_y(method={"kind": "exponential", "keep_ratio": 0.9, "start_days": 5}, days=EVERY_WORKDAY),
    "nearest by date": x_of_y(method={"kind": "nearest_days", "by": "date"}, days=CLASSES),
}
FIGURES = {
    "1": {
        "high 3 of 5, additive": [364.679653606, 355.527777778, 335.566634719],
        "middle 3 of 5, ratio": [370.128552181, 352.843841405, 332.825367519],
        "90/10": [367.077992020, 352.293757140, 332.103842890],
        "nearest by date": [364.068542495, 354.916666667, 334.955523608],
    },
}


@pytest.mark.parametrize("name", RULES)
def test_the_engine_gives_the_figures_of_its_version(name: str) -> None:
    assert adjusted_kw(RULES[name]) == pytest.approx(FIGURES[ENGINE_VERSION][name], rel=1e-7)


def adjusted_kw(rule: BaselineRule) -> list[float]:
    n = np.arange(24 * 53)
    weekend = (n // 24) % 7 >= 5
    load = 300 + 80 * np.sin(2 * np.pi * (n % 24 - 8) / 24) - 60 * weekend + (7919 * n % 97) / 4
    site = site_of(load, events=[span(50, 17, 20)], masked=[span(50, 20, 22)])
    found = compute_baseline(
        rule, replace(site, excluded_dates=frozenset({day_of(46)})), EVENT, notice_at=NOTICE
    )
    assert isinstance(found, RuleBaseline)
    return [float(value) for value in found.adjusted_kw]
