"""Single quantities of a device's reading, as a model can take them.

Instruments are a little off: a full battery may read 101 %, an idle load -0.2 kW. That much is brought
into range. What lies further out is no measurement: a share in percent, a counter that has run over, an
open sensor. It is refused, and with it the resource, until the device makes sense again.
"""

from collections.abc import Mapping

from vpp.foundation.errors import InvalidInput

SLACK_RATIO = 0.05
"""How far beyond 0 and 1 a share may read."""
LARGEST_KW = 1e7
COLDEST_CELSIUS = -50.0
WARMEST_CELSIUS = 100.0


def share_of(reading: Mapping[str, float], name: str, default: float | None = None) -> float:
    """Return a share between 0 and 1.

    Args:
        reading: Quantities by name.
        name: The quantity.
        default: What holds where the device does not tell; None if it must.

    Raises:
        KeyError: The quantity is missing.
        InvalidInput: It is more than a few percent out of range.

    Example:
        >>> share_of({"state_of_charge_ratio": 1.01}, "state_of_charge_ratio")
        1.0
        >>> share_of({"state_of_charge_ratio": 95.0}, "state_of_charge_ratio")
        Traceback (most recent call last):
        vpp.foundation.errors.InvalidInput: state_of_charge_ratio reads 95.0, expected a share from 0 to 1
    """
    value = reading[name] if default is None else reading.get(name, default)
    if not -SLACK_RATIO <= value <= 1.0 + SLACK_RATIO:
        raise InvalidInput(f"{name} reads {value}, expected a share from 0 to 1", **{name: str(value)})
    return min(1.0, max(0.0, value))


def power_of(reading: Mapping[str, float], name: str, default: float | None = None) -> float:
    """Return a power of 0 or more, kW; the little below 0 that an idle instrument shows counts as 0.

    Args:
        reading: Quantities by name.
        name: The quantity.
        default: What holds where the device does not tell; None if it must.

    Raises:
        KeyError: The quantity is missing.
        InvalidInput: No site has so much power.
    """
    value = reading[name] if default is None else reading.get(name, default)
    if not -LARGEST_KW <= value <= LARGEST_KW:
        raise InvalidInput(f"{name} reads {value}, expected at most {LARGEST_KW:g} kW", **{name: str(value)})
    return max(0.0, value)


def celsius_of(reading: Mapping[str, float], name: str) -> float:
    """Return a temperature, Celsius.

    Raises:
        KeyError: The quantity is missing.
        InvalidInput: No hall and no plant has such a temperature.
    """
    value = reading[name]
    if not COLDEST_CELSIUS <= value <= WARMEST_CELSIUS:
        raise InvalidInput(
            f"{name} reads {value}, expected {COLDEST_CELSIUS:g} to {WARMEST_CELSIUS:g} Celsius",
            **{name: str(value)},
        )
    return value
