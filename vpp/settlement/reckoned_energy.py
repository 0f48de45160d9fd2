"""How an interval's energies came from its powers, with the numbers: what a reader can check with a meter."""

import math
from collections.abc import Iterator
from decimal import Decimal

from vpp.foundation.direction import Direction
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.evidence import SiteEvidence
from vpp.settlement.evidence_delivery import counted_kw
from vpp.settlement.exact_text import hours_text
from vpp.settlement.exact_units import microseconds
from vpp.settlement.step import Step


def energy_steps(evidence: SiteEvidence, measured: MeasuredInterval, n: int) -> Iterator[Step]:
    """Tell how powers became energies.

    Args:
        evidence: What settlement knows of the site in the event.
        measured: The interval.
        n: Its position.
    """
    hours = hours_text(microseconds(measured.interval.duration))
    loss = "" if evidence.baseline.loss_ratio == 1.0 else f" * {evidence.baseline.loss_ratio!r} losses"
    times = f" * {hours} h{loss}"
    baseline, meter = evidence.baseline, evidence.meter
    level_kw, elsewhere_kw = baseline.adjusted_kw[n], baseline.elsewhere_kw[n]
    if measured.baseline_kwh is not None:
        sign = "-" if measured.direction is Direction.LOAD_DOWN else "+"
        power = (
            f"({_kw(level_kw)} {sign} {_kw(elsewhere_kw)} of other events)" if elsewhere_kw else _kw(level_kw)
        )
        yield Step("baseline energy", f"{power}{times} = {_kwh(measured.baseline_kwh)}")
    if measured.metered_kwh is None:
        return
    power = _kw(meter.metered_kw[n])
    if meter.device_kw:
        load_kw = meter.metered_kw[n] + meter.device_kw[n]
        served_kw = load_kw - counted_kw(meter)[n]
        yield Step(
            "load",
            f"metered {power} + device {_kw(meter.device_kw[n])} = {_kw(load_kw)}, of which the device "
            f"served {_kw(served_kw)}",
        )
        power = f"({_kw(load_kw)} - {_kw(served_kw)})"
    yield Step("metered energy", f"{power}{times} = {_kwh(measured.metered_kwh)}")


def _kw(power_kw: float) -> str:
    return "gap" if math.isnan(power_kw) else f"{power_kw!r} kW"


def _kwh(energy_kwh: Decimal) -> str:
    return f"{energy_kwh} kWh, half up to 0.001"
