import pytest

from vpp.flexibility.sheddable_load import sheddable_load_kw, within_sheddable


@pytest.mark.parametrize(
    ("minimum_kw", "expected"),
    [(0.0, (500.0, 80.0)), (100.0, (400.0, 0.0)), (-50.0, (550.0, 130.0))],
    ids=["all of it", "above a minimum", "with export"],
)
def test_only_load_above_the_minimum_can_be_shed(minimum_kw: float, expected: tuple[float, ...]) -> None:
    assert sheddable_load_kw([500.0, 80.0], minimum_kw) == expected


def test_an_offer_gets_what_other_promises_leave() -> None:
    assert within_sheddable([100.0, 100.0, 100.0], [300.0, 130.0, 20.0], [0.0, 60.0, 60.0]) == (
        100.0,
        70.0,
        0.0,
    )


def test_a_rest_of_rounding_is_no_offer() -> None:
    assert within_sheddable([10.0], [0.3], [0.1 + 0.2]) == (0.0,)


def test_one_value_per_interval_is_expected() -> None:
    with pytest.raises(ValueError, match="argument"):
        within_sheddable([1.0, 2.0], [3.0], [0.0])
