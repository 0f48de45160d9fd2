import math

import pytest

from vpp.flexibility.connection_limits import ConnectionLimits
from vpp.flexibility.headroom import headroom, quantile
from vpp.foundation.errors import InvalidInput

LOAD_KW = [1000.0 + 10.0 * n for n in range(101)]  # 1,000 to 2,000 kW


def test_rebound_may_use_the_room_and_a_bid_may_not_assume_the_nameplate() -> None:
    report = headroom(
        ConnectionLimits(5000.0, transformer_kw=6000.0), LOAD_KW, nameplate_kw=4000.0, minimum_load_kw=300.0
    )
    assert report.load_factor_ratio == pytest.approx(0.3)  # K7: about 30 %
    assert report.peak_ratio == pytest.approx(0.4)
    assert report.rebound_room_kw == pytest.approx(3100.0)  # 5,000 less the 1,900 of nine cases in ten
    assert report.biddable_kw == pytest.approx(800.0)  # 1,100 less 300, though nameplates say 4,000


def test_gaps_are_counted_and_not_taken_for_zero() -> None:
    report = headroom(ConnectionLimits(1000.0), [500.0, math.nan], nameplate_kw=100.0)
    assert (report.load_factor_ratio, report.covered_ratio, report.biddable_kw) == (0.5, 0.5, 100.0)


def test_a_site_beyond_its_limit_has_no_room() -> None:
    assert headroom(ConnectionLimits(900.0), [1000.0], nameplate_kw=0.0).rebound_room_kw == 0.0


def test_without_a_reading_nothing_is_reported() -> None:
    with pytest.raises(InvalidInput, match="no reading"):
        headroom(ConnectionLimits(900.0), [math.nan], nameplate_kw=0.0)
    with pytest.raises(InvalidInput, match="values are empty"):
        quantile([], 0.5)
    assert (quantile([3.0], 0.9), quantile([1.0, 2.0], 1.0), quantile([1.0, 2.0], 0.0)) == (3.0, 2.0, 1.0)
