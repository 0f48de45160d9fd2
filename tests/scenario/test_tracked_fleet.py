"""An event of imperfect sites with live tracking, beside the same event without: the energy arrives."""

from pathlib import Path

import numpy as np
import pytest
from support.tracked_fleet import Faults, Play, Played, make_fleet_market, synthetic_fleet

from vpp.dispatch.tracking.rules import TrackingRules

pytestmark = pytest.mark.timeout(120)
FLEET = synthetic_fleet(10, seed=1, days=11)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fleet")
    make_fleet_market(folder, FLEET)
    return folder


def play(folder: Path, template: Path, rules: TrackingRules | None) -> Played:
    folder.mkdir()
    game = Play(
        folder, template, FLEET, seed=1, faults=Faults(refuse=0.2, weak=0.2, drop_out=0.1), rules=rules
    )
    game.auction(0.6)
    try:
        return game.run()
    finally:
        game.market.units.close()


@pytest.fixture(scope="module")
def tracked(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(tmp_path_factory.mktemp("played") / "on", template, TrackingRules())


def test_tracking_brings_the_energy_back_into_the_band(
    tracked: Played, template: Path, tmp_path: Path
) -> None:
    without = play(tmp_path / "off", template, None)
    assert np.all(without.ratio < 0.95)
    within = np.abs(tracked.ratio[1:] - 1.0) <= 0.05
    assert within.sum() >= 5
    assert np.abs(tracked.ratio[1:] - 1.0).mean() < 0.05 < np.abs(without.ratio[1:] - 1.0).mean()


def test_no_site_is_told_twice_in_a_delivery_interval(tracked: Played) -> None:
    told: dict[tuple[str, object], int] = {}
    for tick in tracked.ticks:
        present = (tick.looked_at.hour, tick.looked_at.minute // 15)
        for site_id in {action.site_id for action in tick.actions}:
            told[site_id, present] = told.get((site_id, present), 0) + 1
    assert told
    assert max(told.values()) == 1
    assert all(kw >= 0.0 for each in tracked.instructions for kw in each.target_reduction_kw)
