"""What all three members promise; the tests of each member's own ways are in its file."""

from dataclasses import replace

import numpy as np
import pytest
from support.hourly_panels import M, noisy_panel, panel_of, weekly_kw

from vpp.baseline.forecasting.autoreg import AUTOREG
from vpp.baseline.forecasting.day_arx import DAY_ARX
from vpp.baseline.forecasting.fourier import FOURIER
from vpp.baseline.forecasting.member import Member
from vpp.baseline.forecasting.panel import Floats, Ints, LoadPanel

MEMBERS = [FOURIER, AUTOREG, DAY_ARX]
by_member = pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)


def with_weather_and_plan(panel: LoadPanel, lead: int) -> LoadPanel:
    rng = np.random.default_rng(3)
    shape = (panel.site_count, panel.length + lead)
    season = 15 + 8 * np.sin(2 * np.pi * np.arange(shape[1]) / M)
    return replace(
        panel,
        temperature_c=season + rng.normal(0, 3, shape),
        plan_kw=np.abs(rng.normal(100, 20, shape)),
    )


@by_member
@pytest.mark.parametrize("begun_slots", [0, 10], ids=["midnight", "within a day"])
@pytest.mark.parametrize("days", [28, 70])
@pytest.mark.parametrize("lead", [24, 50])
@pytest.mark.parametrize("with_more", [False, True], ids=["load", "temperature and plan"])
def test_both_computations_agree(
    member: Member,
    begun_slots: int,
    days: int,
    lead: int,
    with_more: bool,  # noqa: FBT001  one of the cases
) -> None:
    panel = noisy_panel(days, begun_slots=begun_slots)
    if with_more:
        panel = with_weather_and_plan(panel, lead)
    fit_end = panel.length - 2 * M
    now, again = (np.array([panel.length]), panel.length), (fit_end + np.array([0, M]), fit_end)
    for origins, end in (now, again):
        batched = member.batched(panel, origins, lead, end)
        assert batched.shape == (4, len(origins), lead)
        reference = member.reference(panel, origins, lead, end)
        np.testing.assert_allclose(batched, reference, rtol=1e-8, atol=1e-8)


@by_member
@pytest.mark.parametrize("begun_slots", [0, 10])
def test_a_load_that_repeats_every_week_is_forecast(member: Member, begun_slots: int) -> None:
    truth_kw = weekly_kw(32)
    end = 28 * M + begun_slots
    noise_kw = np.random.default_rng(7).normal(0.0, 0.5, end)
    found_kw = member.forecast(panel_of(truth_kw[:end] + noise_kw), np.array([end]), 2 * M, end)
    assert np.abs(found_kw[0, 0] - truth_kw[end : end + 2 * M]).mean() < 3.0  # the weekly swing is 100 kW


@by_member
def test_a_forecast_never_looks_beyond_its_origin(member: Member) -> None:
    panel = noisy_panel(35)
    origins = np.array([28 * M, 29 * M])
    before = member.forecast(panel, origins, M, 28 * M)
    changed_kw = panel.load_kw.copy()
    changed_kw[:, 29 * M :] += 500.0
    after = member.forecast(replace(panel, load_kw=changed_kw), origins, M, 28 * M)
    np.testing.assert_allclose(after, before, rtol=1e-9)


@by_member
def test_a_new_level_is_carried_on(member: Member) -> None:
    load_kw = weekly_kw(28) + np.random.default_rng(9).normal(0.0, 1.0, 28 * M)
    load_kw += 15 * np.repeat(np.random.default_rng(10).normal(0.0, 1.0, 28).cumsum(), M)
    last_kw, usual_kw = load_kw[-M:], weekly_kw(28)[-M:]
    found_kw = member.forecast(panel_of(load_kw), np.array([28 * M]), M, 28 * M)[0, 0]
    level_kw, learnt_kw = (last_kw - usual_kw).mean(), (found_kw - weekly_kw(29)[-M:]).mean()
    assert abs(learnt_kw - level_kw) < abs((load_kw - weekly_kw(28)).mean() - level_kw)


@by_member
def test_shift_and_scale_carry_over(member: Member) -> None:
    panel = noisy_panel(40)
    at = (np.array([panel.length]), M, panel.length)
    plain = member.forecast(panel, *at)
    changed = member.forecast(replace(panel, load_kw=3.0 * panel.load_kw + 50.0), *at)
    np.testing.assert_allclose(changed, 3.0 * plain + 50.0, rtol=1e-8)


@by_member
@pytest.mark.parametrize("shape", ["square wave", "exact week", "one spike", "two levels"])
def test_degenerate_loads_are_the_same_by_both_and_in_range(member: Member, shape: str) -> None:
    slot = np.arange(42 * M)
    load_kw = {
        "square wave": 100.0 * (slot // 37 % 2),
        "exact week": weekly_kw(42),
        "one spike": 50.0 + 1e3 * (slot == 500),
        "two levels": np.where(slot > 800, 200.0, 50.0),
    }[shape]
    panel = panel_of((load_kw - load_kw.mean()) / load_kw.std())
    at = (np.array([panel.length]), M, panel.length)
    found = member.forecast(panel, *at)
    np.testing.assert_allclose(found, member.forecast(panel, *at, by="reference"), rtol=1e-8, atol=1e-8)
    spread = np.ptp(panel.load_kw)
    assert panel.load_kw.min() - 0.5 * spread <= found.min()
    assert found.max() <= panel.load_kw.max() + 0.5 * spread


@by_member
def test_a_plan_that_comes_true_is_followed(member: Member) -> None:
    rng = np.random.default_rng(5)
    jobs_kw = 40.0 * np.repeat(rng.integers(0, 2, 57 * 6), 4)[None, :]  # four-hour jobs at random
    load_kw = weekly_kw(57)[None, :] + jobs_kw + rng.normal(0, 1, (1, 57 * M))
    end = 56 * M
    panel = panel_of(load_kw[:, :end], plan_kw=100.0 + jobs_kw)
    blind = panel_of(load_kw[:, :end])
    errors_kw = [
        np.abs(member.forecast(known, np.array([end]), M, end)[0, 0] - load_kw[0, end:]).mean()
        for known in (panel, blind)
    ]
    assert errors_kw[0] < 0.5 * errors_kw[1]


@by_member
def test_cold_days_are_forecast_from_the_temperature(member: Member) -> None:
    rng = np.random.default_rng(6)
    daily_c = np.repeat(rng.normal(8, 6, 57), M)[None, :]
    load_kw = weekly_kw(57) + 6.0 * np.maximum(15.0 - daily_c, 0.0) + rng.normal(0, 1, (1, 57 * M))
    end = 56 * M
    daily_c[0, end:] = -4.0
    actual_kw = weekly_kw(57)[end:] + 6.0 * 19.0
    found = [
        member.forecast(panel_of(load_kw[:, :end], temperature_c=known_c), np.array([end]), M, end)[0, 0]
        for known_c in (daily_c, None)
    ]
    assert np.abs(found[0] - actual_kw).mean() < 0.6 * np.abs(found[1] - actual_kw).mean()


def test_what_is_declined_goes_to_the_reference() -> None:
    def decline_the_first(panel: LoadPanel, origins: Ints, lead: int, fit_end: int) -> Floats:
        found = np.zeros((panel.site_count, len(origins), lead))
        found[0] = np.nan
        return found + 0 * fit_end

    def reference(panel: LoadPanel, origins: Ints, lead: int, fit_end: int) -> Floats:
        assert panel.site_count == 1
        return np.full((1, len(origins), lead), 1.0) + 0 * fit_end

    panel = panel_of(np.tile(np.linspace(-2.0, 2.0, 3 * M), (2, 1)))
    found = Member("made up", decline_the_first, reference).forecast(panel, np.array([3 * M]), 2, 3 * M)
    assert found[:, 0, 0].tolist() == [1.0, 0.0]
