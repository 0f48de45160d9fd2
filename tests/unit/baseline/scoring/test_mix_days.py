import numpy as np
import pytest
from support.baseline_sites import day_of, noisy_site, span

from vpp.baseline.forecast import forecast_day_ahead
from vpp.baseline.load_forecast import LoadForecast
from vpp.baseline.scoring.civil_days import number_of
from vpp.baseline.scoring.mix_days import forecast_mix_days
from vpp.baseline.scoring.site_days import SiteDays

SITES = {name: noisy_site(40, seed) for seed, name in enumerate("ab")}
BY_DAY = {name: SiteDays.of(site) for name, site in SITES.items()}
DAYS = np.array([number_of(day_of(day)) for day in (37, 38, 39)])


def test_each_day_is_the_forecast_from_its_midnight() -> None:
    found = forecast_mix_days("fast", SITES, BY_DAY, {"a": DAYS, "b": DAYS[:1]}, carry=False)
    assert list(found["b"].by_day) == [int(DAYS[0])]
    for day in (37, 39):
        expected = forecast_day_ahead(
            SITES["a"].net_power_kw[: span(day, 0, 24).start],
            span(day, 0, 24),
            time_zone="Europe/London",
            holidays=frozenset(),
            masked=(),
            mix="fast",
        )
        assert isinstance(expected, LoadForecast)
        made = found["a"].by_day[number_of(day_of(day))]
        assert made is not None
        assert made.p10_kw is not None
        assert made.p50_kw == pytest.approx(expected.p50_kw.to_numpy(), rel=1e-8)
        assert made.p10_kw == pytest.approx(expected.p10_kw.to_numpy(), rel=1e-8)
    assert found["a"].cpu_s > 0


def test_carried_errors_change_the_band_and_hardly_the_middle() -> None:
    replayed, carried = (
        forecast_mix_days("fast", SITES, BY_DAY, {"a": DAYS, "b": DAYS}, carry=carry)["a"].by_day
        for carry in (False, True)
    )
    first, last = int(DAYS[0]), int(DAYS[-1])
    one, other = replayed[first], carried[first]
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one.p10_kw, other.p10_kw)
    one, other = replayed[last], carried[last]
    assert one is not None
    assert other is not None
    assert other.p50_kw == pytest.approx(one.p50_kw, rel=0.02)


def test_a_site_without_history_has_no_forecast() -> None:
    first = np.array([number_of(day_of(0))])
    found = forecast_mix_days("fast", {"a": SITES["a"]}, {"a": BY_DAY["a"]}, {"a": first}, carry=True)
    assert found["a"].by_day == {int(first[0]): None}
