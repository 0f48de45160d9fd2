import pytest

from vpp.flexibility.learned_caps import CapObservation, learned_caps
from vpp.foundation.errors import InvalidInput


def seen(cap: float, cuts: list[float], loss: float = 0.05) -> list[CapObservation]:
    return [CapObservation(cap, cut, loss) for cut in cuts]


def test_a_cap_above_what_the_jobs_draw_is_inert() -> None:
    caps = learned_caps(seen(0.8, [0.004, 0.019, 0.01]) + seen(0.6, [0.2, 0.22, 0.21]))
    assert [setting.is_inert for setting in caps.settings] == [True, False]
    assert caps.curve.cut_ratio == (0.0, 0.2)


def test_below_nine_observations_the_worst_one_counts() -> None:
    caps = learned_caps(seen(0.5, [0.30, 0.25, 0.35, 0.28]))
    assert caps.settings[0].cut_ratio == 0.25


def test_the_promise_is_the_tenth_of_many() -> None:
    cuts = [0.20 + 0.01 * n for n in range(19)]  # (19 + 1) / 10 = the second smallest
    assert learned_caps(seen(0.5, cuts)).settings[0].cut_ratio == pytest.approx(0.21)
    losses = [CapObservation(0.5, 0.3, 0.01 * n) for n in range(1, 20)]
    assert learned_caps(losses).settings[0].loss_ratio == pytest.approx(0.18)  # the second largest


def test_a_deeper_cap_never_cuts_less_and_never_costs_less() -> None:
    caps = learned_caps(seen(0.7, [0.25], 0.12) + seen(0.6, [0.20], 0.08) + seen(0.5, [0.4], 0.2))
    assert [setting.cut_ratio for setting in caps.settings] == [0.20, 0.20, 0.4]
    assert [setting.loss_ratio for setting in caps.settings] == [0.12, 0.12, 0.2]
    assert caps.curve.cut_ratio == (0.0, 0.20, 0.4)


def test_power_that_rose_is_no_cut() -> None:
    caps = learned_caps([CapObservation(0.9, -0.03, -0.01)])
    assert (caps.settings[0].cut_ratio, caps.settings[0].loss_ratio) == (0.0, 0.0)
    assert caps.curve.deepest_cut_ratio == 0.0


def test_nothing_seen_is_nothing_learned() -> None:
    assert learned_caps([]).settings == ()
    with pytest.raises(InvalidInput, match=r"cap_ratio is 1\.5"):
        CapObservation(1.5, 0.1, 0.1)
