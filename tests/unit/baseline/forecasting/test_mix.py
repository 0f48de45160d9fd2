from typing import get_args

import numpy as np
import pytest
from support.load_panels import panel_of, weekly_load

from vpp.baseline.forecasting import mix
from vpp.baseline.forecasting.member import Member
from vpp.baseline.forecasting.mix import ForecastMix, members_of, mix_forecast
from vpp.baseline.forecasting.panel import Floats, Ints, LoadPanel
from vpp.baseline.forecasting.persistence import held_load

M = 24
END = np.array([40 * M])
MARK = 9.0
MIXES: tuple[ForecastMix, ...] = get_args(ForecastMix)


def constant(name: str, value: float, *, fails: bool = False) -> Member:
    """Make a member that says the same everywhere, or nothing of sites whose first load is marked."""

    def model(panel: LoadPanel, origins: Ints, lead: int, fit_end: int) -> Floats:
        assert fit_end <= origins.min()
        found = np.full((panel.site_count, len(origins), lead), value)
        if fails:
            found[panel.load_kw[:, 0] == MARK, -1, -1] = np.nan
        return found

    return Member(name, model, model)


def marked(site: int) -> LoadPanel:
    """Make a panel of two sites, one of them marked."""
    load = weekly_load(2, 40 * M, M)
    load[site, 0] = MARK
    return panel_of(load, M)


def test_the_mixes_hold_the_members_that_they_say() -> None:
    names = {name: [member.name for member in members_of(name)] for name in MIXES}
    assert names["fast"] == ["fourier", "day-arx"]
    assert names["mean"] == ["fourier", "autoreg", "day-arx"]
    assert names["robust"] == ["fourier", "autoreg", "day-arx", "robust-arx"]
    assert names["boosted"] == ["fourier", "autoreg", "day-arx", "boosted"]


def test_the_added_member_has_half_the_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    added: tuple[ForecastMix, ...] = ("robust", "boosted")
    for name in added:
        weights = [weight for _, weight in mix._MIXES[name]]  # noqa: SLF001  the table itself is what is told
        assert weights[-1] / sum(weights) == pytest.approx(0.5)
        assert len(set(weights[:-1])) == 1
    monkeypatch.setattr(
        mix, "_MIXES", {"robust": ((constant("one", 1.0), 1.0), (constant("four", 4.0), 2.0))}
    )
    panel = panel_of(weekly_load(2, 40 * M, M), M)
    found = mix_forecast(panel, END, M, 40 * M, mix="robust")
    assert found.members == ("one", "four")
    # The range of the last weeks bounds each member before it is averaged.
    held = held_load(panel, END, M)
    bounded = [member.forecast(panel, END, M, 40 * M) for member in members_of("robust")]
    np.testing.assert_allclose(found.kw, held.mixed_with((bounded[0] + 2.0 * bounded[1]) / 3.0))


def test_a_member_that_fails_at_a_site_is_left_out_there(monkeypatch: pytest.MonkeyPatch) -> None:
    members = ((constant("sound", 0.25), 1.0), (constant("broken", 0.75, fails=True), 1.0))
    monkeypatch.setattr(mix, "_MIXES", {"mean": members})
    panel = marked(1)
    found = mix_forecast(panel, END, M, 40 * M, mix="mean")
    held = held_load(panel, END, M)
    sound, broken = (member.forecast(panel, END, M, 40 * M) for member, _ in members)
    np.testing.assert_allclose(found.kw[1], held.mixed_with(sound)[1])
    np.testing.assert_allclose(found.kw[0], held.mixed_with((sound + broken) / 2.0)[0])


def test_a_site_where_no_member_works_is_told_by_nan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mix, "_MIXES", {"fast": ((constant("broken", 0.0, fails=True), 1.0),)})
    found = mix_forecast(marked(0), END, M, 40 * M, mix="fast")
    assert np.isnan(found.kw[0]).all()
    assert np.isfinite(found.kw[1]).all()


@pytest.mark.parametrize("name", MIXES)
def test_every_mix_does_better_than_last_week(name: ForecastMix) -> None:
    if name == "boosted":
        pytest.importorskip("lightgbm", reason="the extra 'boosting' is not installed")
    load = weekly_load(8, 61 * M, M, noise=0.2)
    found = mix_forecast(panel_of(load[:, : 60 * M], M), np.array([60 * M]), M, 60 * M, mix=name)
    actual, week_ago = load[:, 60 * M :], load[:, 53 * M : 54 * M]
    assert np.abs(found.kw[:, 0] - actual).mean() < 0.9 * np.abs(week_ago - actual).mean()


@pytest.mark.parametrize("name", MIXES)
def test_a_square_wave_that_changed_its_level_does_not_explode(name: ForecastMix) -> None:
    if name == "boosted":
        pytest.importorskip("lightgbm", reason="the extra 'boosting' is not installed")
    slot = np.arange(40 * M) % M
    night = np.where((slot < 6) | (slot >= 22), 1.0, 0.0)
    load = np.where(np.arange(40 * M) < 33 * M, night, 0.3 * night - 2.0)[None]
    found = mix_forecast(panel_of(load[:, : 39 * M], M), END - M, M, 39 * M, mix=name)
    assert np.abs(found.kw[0, 0] - load[0, 39 * M :]).max() < 0.2


@pytest.mark.parametrize("name", [name for name in MIXES if name != "boosted"])
def test_both_computations_give_one_answer(name: ForecastMix) -> None:
    panel = panel_of(weekly_load(3, 40 * M, M), M)
    batched = mix_forecast(panel, END, M, 40 * M, mix=name).kw
    reference = mix_forecast(panel, END, M, 40 * M, mix=name, by="reference").kw
    np.testing.assert_allclose(batched, reference, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("slots_per_day", [1, 2, 3])
@pytest.mark.parametrize("name", MIXES)
def test_readings_of_hours_or_a_day_are_enough(name: ForecastMix, slots_per_day: int) -> None:
    if name == "boosted":
        pytest.importorskip("lightgbm", reason="the extra 'boosting' is not installed")
    panel = panel_of(weekly_load(2, 40 * slots_per_day, slots_per_day), slots_per_day)
    end = np.array([panel.length])
    assert np.isfinite(mix_forecast(panel, end, 2 * slots_per_day, panel.length, mix=name).kw).all()
