import numpy as np
import pandas as pd
import pytest

from vpp.foundation.errors import InvalidInput
from vpp.telemetry.meter_cells import column_of, read_instants, read_numbers


def test_offsets_of_any_form_are_read() -> None:
    texts = ["2026-03-02T12:00Z", "2026-03-02 13:00:00+0100", "2026-03-02T07:00:00.000-05", "2026-03-02T12Z"]
    instants, offsets = read_instants(pd.Series(texts, name="start_time"), 2)
    assert offsets is not None
    assert set(instants) == {pd.Timestamp("2026-03-02T12:00Z")}
    assert offsets.tolist() == [0, 60, -300, 0]


def test_a_column_of_instants_has_no_offsets_of_its_own() -> None:
    column = pd.Series(
        pd.date_range("2026-07-01", periods=2, freq="h", tz="Europe/London"), name="start_time"
    )
    instants, offsets = read_instants(column, 1)
    assert instants[0] == pd.Timestamp("2026-06-30T23:00Z")
    assert offsets is None


@pytest.mark.parametrize(
    "text", ["2026-03-02T12:00", "2026-03-02 12:00:00", "2026-03-02", "2026-03-02T12:00:00.5"]
)
def test_a_naive_stamp_names_its_cell_and_the_way_out(text: str) -> None:
    column = pd.Series(["2026-03-02T11:00Z", text], name="start_time")
    with pytest.raises(InvalidInput, match=r"row 3, start_time: .*offset from UTC.*or a stated time zone"):
        read_instants(column, 2)


@pytest.mark.parametrize("text", ["noon", "", "2026-13-02T12:00Z", "12345Z", None])
def test_a_stamp_that_is_none_names_its_cell(text: str | None) -> None:
    column = pd.Series(["2026-03-02T11:00Z", text], name="start_time")
    with pytest.raises(InvalidInput, match=r"row 3, start_time: .*expected an ISO 8601 time"):
        read_instants(column, 2)


def test_naive_instants_are_refused() -> None:
    column = pd.Series(pd.date_range("2026-07-01", periods=2, freq="h"), name="start_time")
    with pytest.raises(InvalidInput, match="row 1, start_time"):
        read_instants(column, 1)


def test_a_missing_instant_is_refused() -> None:
    column = pd.Series(pd.DatetimeIndex(["2026-07-01T00:00Z", None]), name="start_time")
    with pytest.raises(InvalidInput, match="row 2, start_time: '', expected a time"):
        read_instants(column, 1)


def test_empty_cells_are_gaps() -> None:
    column = pd.Series(["1.5", "", " ", "NaN", "null", "-", "-2e3", None], name="net_power_kw")
    np.testing.assert_array_equal(
        read_numbers(column, 2), [1.5, np.nan, np.nan, np.nan, np.nan, np.nan, -2000.0, np.nan]
    )


@pytest.mark.parametrize("value", ["12,5", "many", "inf", "-inf", "0x10", "1 000"])
def test_what_is_no_finite_number_names_its_cell(value: str) -> None:
    with pytest.raises(InvalidInput, match=rf"row 3, net_power_kw: '{value}', expected a finite number"):
        read_numbers(pd.Series(["1", value], name="net_power_kw"), 2)


def test_infinite_floats_are_refused() -> None:
    with pytest.raises(InvalidInput, match="row 2, net_power_kw: inf"):
        read_numbers(pd.Series([1.0, np.inf], name="net_power_kw"), 1)


def test_a_missing_column_says_which_there_are() -> None:
    with pytest.raises(InvalidInput, match=r"no columns named 'b'.*columns: a"):
        column_of(pd.DataFrame({"a": [1]}), "b")


def test_a_column_given_twice_is_refused() -> None:
    with pytest.raises(InvalidInput, match="2 columns named 'a'"):
        column_of(pd.DataFrame([[1, 2]], columns=["a", "a"]), "a")
