"""What a reading must look like to be believed.

A device that answers nonsense once cannot be trusted with its other numbers either, so a reading is
believed as a whole or refused as a whole.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from vpp.foundation.device_terms import DeviceError, Reading

MOST_AHEAD = timedelta(minutes=1)
"""How far ahead of the site's clock a device's own time may lie."""

BOUNDS_BY_ENDING: Mapping[str, tuple[float, float]] = {
    "_ratio": (0.0, 1.0),
    "_celsius": (-60.0, 150.0),
    "_s": (-1e10, 1e10),
    "_kwh": (-1e12, 1e12),
    "_gpu_h": (0.0, 1e9),
    "_gpus": (0.0, 1e7),
    "_servers": (0.0, 1e7),
}
"""Plausible values by the unit that a quantity's name ends in; widest sense, not operating limits."""


def believed(reading: Reading, bounds: Mapping[str, tuple[float, float]], now: datetime) -> Reading:
    """Return a reading that can be believed.

    Args:
        reading: As the driver gave it.
        bounds: Least and largest plausible value by quantity; they replace those of its unit.
        now: The site's time, UTC.

    Raises:
        DeviceError: It cannot be believed; the message names quantity, value and bounds.
    """
    if reading.measured_at > now + MOST_AHEAD:
        raise DeviceError(f"reading of {reading.measured_at.isoformat()} lies ahead of {now.isoformat()}")
    for name, value in reading.quantities.items():
        least, most = bounds.get(name) or _bounds_of_unit(name)
        if not least <= value <= most:
            raise DeviceError(f"{name} reads {value:g}, expected {least:g} to {most:g}")
    return reading


def _bounds_of_unit(name: str) -> tuple[float, float]:
    # Groups of jobs carry their own name behind the quantity's.
    quantity = name.split(".", 1)[0]
    for ending, bounds in BOUNDS_BY_ENDING.items():
        if quantity.endswith(ending):
            return bounds
    return (-1e7, 1e7)
