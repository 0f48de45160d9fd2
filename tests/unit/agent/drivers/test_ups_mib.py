"""What a UPS says by the UPS-MIB, in the words of the site."""

import pytest

from vpp.agent.drivers.ups_mib import (
    ALARM_NAMES,
    ALARMS_PRESENT,
    BATTERY_STATUS,
    CHARGE_REMAINING,
    INPUT_LINE_COUNT,
    INPUT_TRUE_POWER,
    MINUTES_REMAINING,
    OUTPUT_LINE_COUNT,
    OUTPUT_POWER,
    OUTPUT_SOURCE,
    WELL_KNOWN_ALARMS,
    alarms_of,
    line_oids,
    quantities_of,
)
from vpp.foundation.device_terms import DeviceError

SCALARS: dict[str, int | None] = {
    CHARGE_REMAINING: 80,
    MINUTES_REMAINING: 6,
    INPUT_LINE_COUNT: 1,
    OUTPUT_LINE_COUNT: 3,
    OUTPUT_SOURCE: 3,
}


def lines(input_w: int, output_w: int) -> dict[str, int | None]:
    outputs = {f"{OUTPUT_POWER}.{line}": output_w for line in (1, 2, 3)}
    return {f"{INPUT_TRUE_POWER}.1": input_w, **outputs}


def test_every_line_is_asked_for() -> None:
    assert line_oids(SCALARS) == (
        "1.3.6.1.2.1.33.1.3.3.1.5.1",
        "1.3.6.1.2.1.33.1.4.4.1.4.1",
        "1.3.6.1.2.1.33.1.4.4.1.4.2",
        "1.3.6.1.2.1.33.1.4.4.1.4.3",
    )


@pytest.mark.parametrize("count", [None, 0, 13, -1])
def test_an_absurd_number_of_lines_is_garbage(count: int | None) -> None:
    with pytest.raises(DeviceError, match="lines"):
        line_oids({**SCALARS, OUTPUT_LINE_COUNT: count})


@pytest.mark.parametrize(
    ("input_w", "reduction_kw"),
    [(315_789, 0.0), (0, 300 / 0.95), (200_000, 300 / 0.95 - 200), (345_789, -30.0)],
    ids=["on line", "on battery", "shared", "recharging"],
)
def test_the_reduction_is_what_it_no_longer_draws(input_w: int, reduction_kw: float) -> None:
    found = quantities_of(SCALARS, lines(input_w, 100_000), 0.95)
    assert found["reduction_kw"] == pytest.approx(reduction_kw, abs=1e-3)
    assert found["it_load_kw"] == 300.0
    assert found["state_of_charge_ratio"] == 0.8
    assert found["autonomy_s"] == 360.0
    assert "battery_celsius" not in found


def test_a_ups_without_charge_or_power_is_of_no_use() -> None:
    with pytest.raises(DeviceError, match="charge"):
        quantities_of({**SCALARS, CHARGE_REMAINING: None}, lines(1, 1), 0.95)
    with pytest.raises(DeviceError, match="power of a line"):
        quantities_of(SCALARS, {**lines(1, 1), f"{OUTPUT_POWER}.2": None}, 0.95)


def test_alarms_have_the_names_of_the_standard() -> None:
    assert len(ALARM_NAMES) == 24
    assert alarms_of({}, [f"{WELL_KNOWN_ALARMS}.1", f"{WELL_KNOWN_ALARMS}.24"], is_commanded=False) == (
        "battery_bad",
        "test_in_progress",
    )
    assert alarms_of({}, ["1.3.6.1.4.1.9.9"], is_commanded=False) == ("vendor_alarm_1.3.6.1.4.1.9.9",)
    assert alarms_of({ALARMS_PRESENT: 1}, [], is_commanded=False) == ("unnamed_alarm",)
    assert alarms_of({BATTERY_STATUS: 3}, [], is_commanded=True) == ("battery_low",)


def test_being_on_battery_is_an_alarm_unless_the_site_wanted_it() -> None:
    scalars: dict[str, int | None] = {OUTPUT_SOURCE: 5}
    assert alarms_of(scalars, [f"{WELL_KNOWN_ALARMS}.2"], is_commanded=False) == ("on_battery",)
    assert alarms_of(scalars, [f"{WELL_KNOWN_ALARMS}.2"], is_commanded=True) == ()
    both = [f"{WELL_KNOWN_ALARMS}.2", f"{WELL_KNOWN_ALARMS}.13"]
    assert alarms_of(scalars, both, is_commanded=True) == ("charger_failed",)
