"""What a UPS says by the UPS-MIB, in the words of the site.

Source: RFC 1628, UPS Management Information Base (upsMIB, 1.3.6.1.2.1.33).

    reduction = output / conversion - input

`conversion` is the UPS's output over its input while it neither charges nor discharges, so that a UPS on
line shows 0, on battery what it no longer draws, and while recharging a negative reduction.
"""

from collections.abc import Mapping, Sequence

from vpp.foundation.device_terms import DeviceError

MIB = "1.3.6.1.2.1.33.1"
CHARGE_REMAINING = f"{MIB}.2.4.0"
MINUTES_REMAINING = f"{MIB}.2.3.0"
BATTERY_STATUS = f"{MIB}.2.1.0"
BATTERY_TEMPERATURE = f"{MIB}.2.7.0"
INPUT_LINE_COUNT = f"{MIB}.3.2.0"
INPUT_TRUE_POWER = f"{MIB}.3.3.1.5"
OUTPUT_SOURCE = f"{MIB}.4.1.0"
OUTPUT_LINE_COUNT = f"{MIB}.4.3.0"
OUTPUT_POWER = f"{MIB}.4.4.1.4"
ALARMS_PRESENT = f"{MIB}.6.1.0"
ALARM_DESCRIPTION = f"{MIB}.6.2.1.2"
WELL_KNOWN_ALARMS = f"{MIB}.6.3"
MOST_LINES = 12
SCALARS = (
    CHARGE_REMAINING,
    MINUTES_REMAINING,
    BATTERY_STATUS,
    BATTERY_TEMPERATURE,
    INPUT_LINE_COUNT,
    OUTPUT_SOURCE,
    OUTPUT_LINE_COUNT,
    ALARMS_PRESENT,
)
ON_BATTERY = 5
"""`upsOutputSource`: battery."""
BATTERY_WEAK = {3: "battery_low", 4: "battery_depleted"}
"""`upsBatteryStatus` that is an alarm of its own."""
ALARM_NAMES = (
    "battery_bad",
    "on_battery",
    "low_battery",
    "depleted_battery",
    "temperature_bad",
    "input_bad",
    "output_bad",
    "output_overload",
    "on_bypass",
    "bypass_bad",
    "output_off_as_requested",
    "ups_off_as_requested",
    "charger_failed",
    "ups_output_off",
    "ups_system_off",
    "fan_failure",
    "fuse_failure",
    "general_fault",
    "diagnostic_test_failed",
    "communications_lost",
    "awaiting_power",
    "shutdown_pending",
    "shutdown_imminent",
    "test_in_progress",
)
"""Names of `upsWellKnownAlarms`, in their order from 1."""
EXPECTED_WHEN_COMMANDED = frozenset({"on_battery", "test_in_progress"})
"""Alarms that a UPS raises because it does what it was told."""


def line_oids(scalars: Mapping[str, int | None]) -> tuple[str, ...]:
    """Return the objects that hold the power of every input and output line.

    Raises:
        DeviceError: The UPS tells no number of lines, or an absurd one.
    """
    found: list[str] = []
    for count_oid, power_oid in ((INPUT_LINE_COUNT, INPUT_TRUE_POWER), (OUTPUT_LINE_COUNT, OUTPUT_POWER)):
        count = scalars.get(count_oid)
        if count is None or not 1 <= count <= MOST_LINES:
            raise DeviceError(f"tells {count} lines, expected 1 to {MOST_LINES}")
        found += [f"{power_oid}.{line}" for line in range(1, count + 1)]
    return tuple(found)


def quantities_of(
    scalars: Mapping[str, int | None], lines: Mapping[str, int | None], conversion_ratio: float
) -> dict[str, float]:
    """Return what the objects mean, in kW and shares.

    Args:
        scalars: Values of `SCALARS`; None for what the UPS does not have.
        lines: Values of `line_oids`.
        conversion_ratio: Output over input while it neither charges nor discharges.

    Raises:
        DeviceError: Charge or power are missing.
    """
    charge_percent = scalars.get(CHARGE_REMAINING)
    if charge_percent is None:
        raise DeviceError("tells no charge (upsEstimatedChargeRemaining)")
    powers_w = {
        prefix: [value for oid, value in lines.items() if oid.startswith(prefix + ".")]
        for prefix in (INPUT_TRUE_POWER, OUTPUT_POWER)
    }
    sums_kw: dict[str, float] = {}
    for prefix, values in powers_w.items():
        known = [value for value in values if value is not None]
        if not known or len(known) != len(values):
            raise DeviceError("tells no power of a line (upsInputTruePower, upsOutputPower)")
        sums_kw[prefix] = sum(known) / 1000.0
    output_kw = sums_kw[OUTPUT_POWER]
    found = {
        "state_of_charge_ratio": charge_percent / 100.0,
        "it_load_kw": output_kw,
        "reduction_kw": output_kw / conversion_ratio - sums_kw[INPUT_TRUE_POWER],
    }
    temperature = scalars.get(BATTERY_TEMPERATURE)
    if temperature is not None:
        found["battery_celsius"] = float(temperature)
    minutes = scalars.get(MINUTES_REMAINING)
    if minutes is not None:
        found["autonomy_s"] = 60.0 * minutes
    return found


def alarms_of(
    scalars: Mapping[str, int | None], descriptions: Sequence[str], *, is_commanded: bool
) -> tuple[str, ...]:
    """Name what the UPS complains about.

    Args:
        scalars: Values of `SCALARS`.
        descriptions: Object identifiers of its alarm table (`upsAlarmDescr`).
        is_commanded: Whether it discharges because the site told it to; then being on battery is none.

    Example:
        >>> alarms_of({}, [WELL_KNOWN_ALARMS + ".16"], is_commanded=False)
        ('fan_failure',)
    """
    names = {_alarm_name(each) for each in descriptions}
    weak = BATTERY_WEAK.get(scalars.get(BATTERY_STATUS) or 0)
    if weak is not None:
        names.add(weak)
    if scalars.get(OUTPUT_SOURCE) == ON_BATTERY:
        names.add("on_battery")  # also where the UPS keeps no table of alarms
    if scalars.get(ALARMS_PRESENT) and not names:
        names.add("unnamed_alarm")
    if is_commanded:
        names -= EXPECTED_WHEN_COMMANDED
    return tuple(sorted(names))


def _alarm_name(oid: str) -> str:
    prefix, _, number = oid.rpartition(".")
    if prefix == WELL_KNOWN_ALARMS and number.isdigit() and 1 <= int(number) <= len(ALARM_NAMES):
        return ALARM_NAMES[int(number) - 1]
    return f"vendor_alarm_{oid}"
