"""Commercial load that nobody metered: buildings with opening hours, weather, drift, breaks and noise.

The same seed gives the same buildings. None of the figures is fitted to a metered series.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Building:
    """What makes a kind of building's load."""

    base: float  # share of the peak that never rests
    opens: float  # local hour
    closes: float
    saturday: float  # occupancy against a working day
    sunday: float
    cooling: float  # share of the peak per kelvin above 16 degrees
    breaks: int  # weeks of holidays or works in the span


BUILDINGS = {
    "office": Building(0.40, 7.0, 19.0, 0.25, 0.10, 0.012, 1),
    "school": Building(0.35, 7.5, 17.0, 0.10, 0.05, 0.006, 5),
    "retail": Building(0.30, 8.5, 21.0, 1.15, 0.80, 0.015, 0),
    "hospital": Building(0.70, 6.0, 20.0, 0.65, 0.60, 0.012, 0),
    "laboratory": Building(0.65, 7.0, 20.0, 0.45, 0.40, 0.008, 1),
    "library": Building(0.40, 8.0, 22.0, 0.60, 0.70, 0.012, 3),
    "two-shift plant": Building(0.30, 5.5, 22.0, 0.25, 0.03, 0.002, 1),
    "cold store": Building(0.75, 6.0, 18.0, 0.80, 0.70, 0.015, 0),
    "hotel": Building(0.55, 6.0, 23.5, 1.05, 1.00, 0.014, 0),
    "enterprise data centre": Building(0.92, 8.0, 18.0, 0.85, 0.85, 0.003, 0),
}


def generated_load(
    days: int, per_day: int, first: date, holidays: frozenset[date], seed: int
) -> dict[str, Floats]:
    """Return one building of each kind, kW, over whole civil days of a place without clock changes."""
    rng = np.random.default_rng(seed)
    celsius = _weather(days, per_day, first, rng)
    return {
        f"{kind} {seed}": _building(building, days, per_day, first, holidays, celsius, rng)
        for kind, building in BUILDINGS.items()
    }


def _weather(days: int, per_day: int, first: date, rng: np.random.Generator) -> Floats:
    """Return degrees Celsius by day and slot, from winter through summer."""
    of_year = np.array([(first + timedelta(days=n)).timetuple().tm_yday for n in range(days)])
    daily = 11.0 - 10.0 * np.cos(2.0 * np.pi * (of_year - 20) / 365.0) + _drift(days, 0.8, 2.5, rng)
    hour = np.arange(per_day) * 24.0 / per_day
    celsius: Floats = daily[:, None] + 4.0 * np.sin(2.0 * np.pi * (hour - 9.0) / 24.0)
    return celsius


def _building(  # noqa: PLR0913, PLR0917  what its load depends on
    kind: Building,
    days: int,
    per_day: int,
    first: date,
    holidays: frozenset[date],
    celsius: Floats,
    rng: np.random.Generator,
) -> Floats:
    dates = [first + timedelta(days=n) for n in range(days)]
    weekday = np.array([day.weekday() for day in dates])
    is_sunday = (weekday == 6) | np.array([day in holidays for day in dates])
    occupied = np.where(is_sunday, kind.sunday, np.where(weekday == 5, kind.saturday, 1.0))
    occupied *= 1.0 + _drift(days, 0.6, 0.03, rng) + rng.normal(0.0, 0.015, 7)[weekday]
    for begin in rng.integers(0, days, kind.breaks):
        occupied[begin : begin + 7] *= rng.uniform(0.4, 0.8)
    hour = np.arange(per_day) * 24.0 / per_day
    opens = kind.opens + rng.normal(0.0, 0.2, days)[:, None]
    closes = kind.closes + rng.normal(0.0, 0.3, days)[:, None]
    open_share = 1.0 / (1.0 + np.exp(-(hour - opens) / 0.5)) / (1.0 + np.exp((hour - closes) / 0.7))
    busy = occupied[:, None] * open_share
    load = kind.base + (1.0 - kind.base) * busy
    load += kind.cooling * np.maximum(celsius - 16.0, 0.0) * (0.4 + 0.6 * busy)
    load *= 1.0 + np.cumsum(rng.normal(0.0, 0.002, days))[:, None]
    noise = _drift(days * per_day, 0.85 ** (24.0 / per_day), 0.015, rng)
    values = load.ravel() * (1.0 + noise) + rng.normal(0.0, 0.004, days * per_day)
    for begin in rng.integers(0, days * per_day, days // 15):  # an unannounced machine, for some hours
        values[begin : begin + per_day * int(rng.integers(1, 7)) // 24] += rng.normal(0.0, 0.04)
    return np.maximum(values, 0.0) * 10.0 ** rng.uniform(1.8, 3.5)


def _drift(length: int, persistence: float, deviation: float, rng: np.random.Generator) -> Floats:
    """Return a first-order autoregression of a standard deviation."""
    steps = rng.normal(0.0, deviation * np.sqrt(1.0 - persistence**2), length)
    values = np.zeros(length)
    for n in range(1, length):
        values[n] = persistence * values[n - 1] + steps[n]
    return values
