from decimal import Decimal

import pytest

from vpp.flexibility.split import split_target
from vpp.foundation.errors import InvalidInput

AVAILABLE = {"bess": 100.0, "chiller": 30.0, "gpu": 80.0}
PRICES = {"bess": Decimal(160), "chiller": Decimal(10), "gpu": Decimal(300)}


def test_without_awards_the_cheapest_go_first() -> None:
    assert split_target(60.0, AVAILABLE, PRICES, {}) == {"bess": 30.0, "chiller": 30.0, "gpu": 0.0}


def test_awards_are_honoured_before_cheaper_resources() -> None:
    assert split_target(60.0, AVAILABLE, PRICES, {"gpu": 60.0}) == {"bess": 0.0, "chiller": 0.0, "gpu": 60.0}


def test_below_the_awards_the_cheapest_awards_go_first() -> None:
    shares = split_target(50.0, AVAILABLE, PRICES, {"gpu": 40.0, "bess": 40.0})
    assert shares == {"bess": 40.0, "chiller": 0.0, "gpu": 10.0}


def test_what_an_award_lacks_others_make_good() -> None:
    shares = split_target(100.0, AVAILABLE | {"gpu": 20.0}, PRICES, {"gpu": 80.0, "bess": 20.0})
    assert shares == {"bess": 50.0, "chiller": 30.0, "gpu": 20.0}


def test_more_than_there_is_takes_everything() -> None:
    assert split_target(1000.0, AVAILABLE, PRICES, {}) == AVAILABLE


def test_ties_and_missing_prices_are_settled_by_name() -> None:
    available = {"b": 10.0, "a": 10.0, "unpriced": 10.0}
    assert split_target(12.0, available, {"a": Decimal(5), "b": Decimal(5)}, {}) == {
        "b": 2.0,
        "a": 10.0,
        "unpriced": 0.0,
    }


def test_an_award_of_an_unknown_resource_is_left_to_the_others() -> None:
    assert split_target(10.0, {"a": 20.0}, {}, {"gone": 10.0}) == {"a": 10.0}


def test_negative_powers_are_refused() -> None:
    with pytest.raises(InvalidInput, match="available_kw is -1"):
        split_target(10.0, {"a": -1.0}, {}, {})
    with pytest.raises(InvalidInput, match="target_kw is nan"):
        split_target(float("nan"), {"a": 1.0}, {}, {})
