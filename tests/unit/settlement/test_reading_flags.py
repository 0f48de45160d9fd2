from datetime import timedelta

import numpy as np
import pytest

from vpp.settlement.reading_flags import difference_flag, reading_flags

NAN = float("nan")
HALF = timedelta(minutes=30)
PLAIN = (90.0, 91.0, NAN, 92.0, 93.0, 92.0, 91.0, 90.0, 89.0, 88.0)


def flags(
    values: tuple[float, ...] = PLAIN,
    *,
    import_limit_kw: float = 100.0,
    is_export_expected: bool = False,
    usual_highest_kw: float | None = 95.0,
    conflict_count: int = 0,
) -> tuple[str, ...]:
    return reading_flags(
        np.array(values),
        HALF,
        import_limit_kw=import_limit_kw,
        is_export_expected=is_export_expected,
        usual_highest_kw=usual_highest_kw,
        conflict_count=conflict_count,
    )


def test_plain_readings_have_none() -> None:
    assert flags() == ()
    assert flags((NAN, NAN)) == ()


def test_corrections_are_told() -> None:
    assert flags(conflict_count=1) == ("1 reading replaced by later ones of another value or quality",)
    assert flags((NAN,), conflict_count=2) == (
        "2 readings replaced by later ones of another value or quality",
    )


def test_a_negative_reading_is_odd_only_where_nothing_is_exported() -> None:
    assert flags((10.0, -1.0, -2.0)) == ("2 readings below 0 kW where no export is expected",)
    assert flags((10.0, -1.0, -2.0), is_export_expected=True) == ()
    assert flags((10.0, 0.0)) == ()


@pytest.mark.parametrize(("highest", "is_odd"), [(100.0, False), (100.5, True)])
def test_more_than_the_connection_allows_is_odd(highest: float, is_odd: bool) -> None:  # noqa: FBT001  a verdict
    found = flags((50.0, highest))
    assert found == (("up to 100.5 kW, above the 100 kW of the connection",) if is_odd else ())


@pytest.mark.parametrize(
    ("values", "usual", "is_odd"),
    [
        ((30.0, 60.0), 20.0, False),
        ((30.0, 60.5), 20.0, True),
        ((30.0, -60.5), 20.0, True),
        ((30.0, 60.5), None, False),
        ((30.0, 60.5), 0.0, False),
    ],
)
def test_three_times_the_usual_is_odd(
    values: tuple[float, ...],
    usual: float | None,
    is_odd: bool,  # noqa: FBT001  a verdict
) -> None:
    found = flags(values, is_export_expected=True, usual_highest_kw=usual)
    assert found == (("up to 60.5 kW, more than 3 times the 20 kW of 30 days",) if is_odd else ())


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ((5.0,) * 8, "one value for 4 h"),
        ((1.0, *(5.0,) * 9, 1.0), "one value for 4.5 h"),
        ((5.0,) * 7, None),
        ((0.0,) * 9, None),  # a site that rests
        ((*(5.0,) * 4, NAN, *(5.0,) * 4), None),
        ((*(5.0,) * 4, 6.0, *(5.0,) * 8), "one value for 4 h"),
    ],
)
def test_one_value_for_hours_is_odd(values: tuple[float, ...], told: str | None) -> None:
    assert flags(values) == ((told,) if told else ())


@pytest.mark.parametrize(
    ("own", "other", "is_told"),
    [
        (100.0, 102.0, False),
        (98.0, 100.0, False),
        (97.9, 100.0, True),
        (102.1, 100.0, True),
        (-97.9, -100.0, True),
        (0.0, 0.0, False),
        (0.1, 0.0, True),
    ],
)
def test_two_meters_agree_within_two_percent(own: float, other: float, is_told: bool) -> None:  # noqa: FBT001
    assert bool(difference_flag(own, other)) is is_told


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ((5.0,) * 8, ("one value for 4 h",)),
        ((*(5.0,) * 5, 6.0, 7.0, 8.0), ()),  # before the event alone
        ((*(5.0,) * 8, 7.0), ("one value for 4 h",)),
        ((*(5.0,) * 9, 7.0, 8.0, 9.0), ("one value for 4.5 h",)),
        ((500.0, -1.0, 6.0, 7.0, 8.0, 9.0), ()),  # what is odd before the event is none of its own
    ],
)
def test_before_the_event_only_what_stands_still_into_it_is_odd(
    values: tuple[float, ...], told: tuple[str, ...]
) -> None:
    found = reading_flags(
        np.array(values),
        HALF,
        import_limit_kw=100.0,
        is_export_expected=False,
        usual_highest_kw=95.0,
        lead_count=4,
    )
    assert found == told
