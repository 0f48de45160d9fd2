"""Terms refuse what cannot be, with the field and the value in the message."""

from dataclasses import replace

import pytest

from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.terms import (
    CutSegment,
    GeneratorTerms,
    PauseTerms,
    SiteTerms,
    StoreTerms,
    ThermalTerms,
    WorkTerms,
    flat,
)
from vpp.foundation.errors import InvalidInput

N = 3
BESS = StoreTerms("bess", 100.0, flat(10.0, N), 200.0, flat(50.0, N), flat(50.0, N))
JOBS = WorkTerms(
    "jobs", flat(80.0, N), (CutSegment(0.2, 0.1), CutSegment(0.2, 0.4)), flat(9.0, N), 9.0, (2,) * N
)
HALL = ThermalTerms(
    "hall",
    (0.0, 0.0),
    (((1.0, 0.0), (0.0, 1.0)),) * N,
    ((0.1, 0.1),) * N,
    flat(5.0, N),
    flat(0.0, N),
    flat(5.0, N),
    flat(20.0, N),
    flat(20.0, N),
)
GENSET = GeneratorTerms("genset", 10.0, flat(30.0, N), (True,) * N, 5.0)
SITE = SiteTerms(0.5, flat(500.0, N), flat(0.1, N), flat(600.0, N), (BESS, JOBS, HALL, GENSET))


@pytest.mark.parametrize(
    ("terms", "changes", "message"),
    [
        (BESS, {"stored_kwh": -1.0}, r"stored_kwh is -1\.0"),
        (BESS, {"floor_kwh": ()}, "floor_kwh is empty"),
        (BESS, {"max_charge_kw": (1.0, float("nan"), 1.0)}, "max_charge_kw is nan"),
        (BESS, {"stored_per_charged": 1.2}, r"stored_per_charged is 1\.2"),
        (BESS, {"hold_ratio": 0.0}, r"hold_ratio is 0\.0"),
        (BESS, {"throughput_limit_kwh": -5.0}, r"throughput_limit_kwh is -5\.0"),
        (JOBS, {"segments": (CutSegment(0.1, 0.5), CutSegment(0.1, 0.2))}, "what loses least first"),
        (JOBS, {"segments": (CutSegment(0.7, 0.1), CutSegment(0.7, 0.2))}, "width_ratio is 1.4"),
        (JOBS, {"backlog_kwh": ((0, -3.0),)}, r"backlog_kwh is -3\.0"),
        (JOBS, {"load_kw": (1.0, -2.0, 1.0)}, r"load_kw is -2\.0"),
        (HALL, {"over_k": (5.0, -1.0, 5.0)}, r"over_k is -1\.0"),
        (HALL, {"delivery_ratio": 0.0}, r"delivery_ratio is 0\.0"),
        (GENSET, {"permit_hours": -1.0}, r"permit_hours is -1\.0"),
        (GENSET, {"min_run_intervals": 0}, "min_run_intervals is 0"),
        (SITE, {"step_hours": 0.0}, r"step_hours is 0\.0"),
        (SITE, {"load_kw": ()}, "load_kw is empty"),
        (SITE, {"load_kw": flat(1.0, N + 1)}, "energy_price_per_kwh has 3 values, expected 4"),
        (SITE, {"max_rise_kw": (1.0,)}, "max_rise_kw has 1 values, expected 3"),
        (SITE, {"resources": (BESS, BESS)}, "expected each once"),
        (
            SITE,
            {"resources": (replace(BESS, max_charge_kw=flat(1.0, 2)),)},
            "max_charge_kw of bess has 2 values, not 3",
        ),
        (SITE, {"resources": (replace(HALL, decay=HALL.decay[:1]),)}, "decay of hall has 1 values, not 3"),
    ],
)
def test_what_cannot_be_is_refused(terms: SiteTerms, changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        replace(terms, **changes)  # type: ignore[arg-type]


def test_a_pause_longer_than_its_longest_is_refused() -> None:
    with pytest.raises(InvalidInput, match="longest_intervals is 1"):
        PauseTerms((True,), shortest_intervals=2, longest_intervals=1)


def test_a_band_upside_down_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"most_kw is 5\.0, expected at least least_kw 6\.0"):
        Goal((1.0,), (6.0,), (5.0,))


def test_a_site_finds_its_resources() -> None:
    assert SITE.resource("hall") is HALL
    with pytest.raises(InvalidInput, match="no resource nobody"):
        SITE.resource("nobody")
