"""A site's readings in an event: its own, or its revenue meter's where that was read."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from vpp.foundation.series import hours
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.settlement.evidence import MeterEvidence
from vpp.settlement.evidence_delivery import counted_kw
from vpp.settlement.reading_flags import difference_flag, reading_flags
from vpp.settlement.site_delivery import PAID_BOUNDARY
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.event_frame import EventFrame, SiteParts
from vpp.workflows.revenue_grid import device_power_kw, is_device_estimated, of_connection, revenue_on_grid

Floats = npt.NDArray[np.float64]
TELEMETRY, REVENUE_METER = "telemetry", "revenue_meter"
QUALITIES = {int(quality): quality for quality in MeterQuality}


@dataclass(frozen=True, slots=True, eq=False)
class MeteredSite:
    """A site's readings on the settlement grid of the window, and what is said of them.

    Attributes:
        power_kw: Mean net power that counts, kW; NaN is a gap. Shape (M,).
        quality: `MeterQuality` codes. Shape (M,).
        device_kw: Output of devices that the baseline splits off, kW; None where it splits none. Shape (M,).
        meter: The same of the event alone, as evidence.
        is_revenue: Whether a revenue meter was read in the event.
        is_read: In which intervals its readings stand. Shape (M,).
    """

    power_kw: Floats
    quality: npt.NDArray[np.int8]
    device_kw: Floats | None
    meter: MeterEvidence
    is_revenue: bool
    is_read: npt.NDArray[np.bool_]


def metered_site(frame: EventFrame, parts: SiteParts, rule: BaselineRule) -> MeteredSite:
    """Take the revenue meter's readings where there are any, the site's own elsewhere.

    Args:
        frame: The event.
        parts: What was read of the site.
        rule: The rule that its baseline was made by, which may split off a device.
    """
    step, load = frame.product.settlement_interval, parts.load
    fault = load.fault
    if not fault and step % load.step:
        fault = f"readings are of intervals of {load.step}, which do not make up {step}"
    flags = [f"readings could not be laid out: {fault}"] if fault else []
    own_kw, own_quality = _gaps(frame) if fault else load.averaged(step)
    power_kw, quality = own_kw, own_quality
    span = slice(frame.first, frame.first + frame.count)
    version, source = (load.heard.number if load.heard else 0), TELEMETRY
    revenue = of_connection(parts.revenue)
    is_revenue, is_read = False, np.zeros(len(own_kw), dtype=np.bool_)
    if revenue:
        found = revenue_on_grid(revenue, frame.window, step)
        is_read = found.quality != MeterQuality.MISSING
        is_revenue = bool(is_read[span].any())
        power_kw = np.where(is_read, found.power_kw, own_kw)
        quality = np.where(is_read, found.quality, own_quality).astype(np.int8)
        if is_revenue:
            version, source = found.version, REVENUE_METER
            flags += _beside_revenue(own_kw[span], found.power_kw[span], is_read[span], hours(step))
        if found.too_coarse is not None:
            flags.append(f"revenue readings of {found.too_coarse} make up no interval of {step}; left out")
    flags += _odd(frame, parts, is_own=not (is_revenue or fault), power_kw=power_kw)
    device_kw = None
    if rule.device is not None:
        found_kw = device_power_kw(parts.revenue, frame.window, step)
        if found_kw is None:
            flags.append("no meter of a device has been read, which the baseline splits off")
        device_kw = np.full(len(power_kw), np.nan) if found_kw is None else found_kw
        # What is measured is as good as the worse of the two meters.
        is_estimated = is_device_estimated(parts.revenue, frame.window, step)
        quality = quality.copy()
        quality[is_estimated & (quality == MeterQuality.OK)] = MeterQuality.ESTIMATED
    meter = MeterEvidence(
        meter_id=f"{parts.site.site_id}-{PAID_BOUNDARY}",
        source=source,
        metered_kw=plain_powers(power_kw[span]),
        quality=tuple(QUALITIES[code] for code in quality[span].tolist()),
        data_version=version,
        device_kw=() if device_kw is None else plain_powers(device_kw[span]),
        flags=tuple(flags),
    )
    return MeteredSite(power_kw, quality, device_kw, meter, is_revenue, is_read)


def finer_kw(frame: EventFrame, parts: SiteParts, metered: MeteredSite, step: timedelta) -> Floats:
    """Return what of the event's power counts on a finer grid, kW; shape (N * ratio,).

    Where the meters say nothing finer, or nothing of the mean that stands (a correction may be coarser), all
    of a settlement interval has its mean.

    Args:
        frame: The event.
        parts: What was read of the site.
        metered: The same on the settlement grid.
        step: Length of an interval of the finer grid, which divides the settlement interval.
    """
    ratio = frame.product.settlement_interval // step
    span = slice(frame.first * ratio, (frame.first + frame.count) * ratio)
    means_kw = np.repeat(np.asarray(counted_kw(metered.meter), dtype=np.float64), ratio)
    load = parts.load
    has_own = not load.fault and not step % load.step
    own_kw = load.averaged(step)[0] if has_own else np.full(frame.window.duration // step, np.nan)
    revenue_kw = revenue_on_grid(of_connection(parts.revenue), frame.window, step).power_kw
    fine_kw = np.where(np.repeat(metered.is_read, ratio), revenue_kw, own_kw)[span]
    if metered.device_kw is not None:
        device_kw = device_power_kw(parts.revenue, frame.window, step)
        if device_kw is None:
            return means_kw
        fine = replace(metered.meter, metered_kw=tuple(fine_kw), device_kw=tuple(device_kw[span]))
        fine_kw = np.asarray(counted_kw(fine), dtype=np.float64)
    is_same = np.isclose(fine_kw.reshape(-1, ratio).mean(axis=1), means_kw[::ratio])
    return np.where(np.repeat(is_same, ratio), fine_kw, means_kw)


def _gaps(frame: EventFrame) -> tuple[Floats, npt.NDArray[np.int8]]:
    count = frame.window.duration // frame.product.settlement_interval
    return np.full(count, np.nan), np.full(count, MeterQuality.MISSING, dtype=np.int8)


def unreadable_site(frame: EventFrame, parts: SiteParts) -> MeteredSite:
    """Stand in for readings that could not be used."""
    power_kw, quality = _gaps(frame)
    meter = MeterEvidence(
        meter_id=f"{parts.site.site_id}-{PAID_BOUNDARY}",
        source=TELEMETRY,
        metered_kw=(math.nan,) * frame.count,
        quality=(MeterQuality.MISSING,) * frame.count,
        data_version=parts.load.heard.number if parts.load.heard else 0,
    )
    nothing = np.zeros(len(power_kw), dtype=np.bool_)
    return MeteredSite(power_kw, quality, None, meter, is_revenue=False, is_read=nothing)


def _beside_revenue(
    own_kw: Floats, revenue_kw: Floats, is_read: npt.NDArray[np.bool_], step_hours: float
) -> list[str]:
    """Say where the revenue meter was not read, and where the two meters disagree."""
    flags = []
    if not is_read.all():
        flags.append(f"revenue meter read in {int(is_read.sum())} of {len(is_read)} intervals")
    is_both = is_read & ~np.isnan(own_kw) & ~np.isnan(revenue_kw)
    difference = difference_flag(
        float(own_kw[is_both].sum()) * step_hours, float(revenue_kw[is_both].sum()) * step_hours
    )
    return [*flags, difference] if difference else flags


def _odd(frame: EventFrame, parts: SiteParts, *, is_own: bool, power_kw: Floats) -> tuple[str, ...]:
    """Look at the readings themselves: the site's own as they came, or the revenue meter's."""
    load, step = parts.load, frame.product.settlement_interval
    if is_own:
        power_kw, step = load.net_power_kw, load.step
    lead_count = (frame.span.start - frame.window.start) // step
    power_kw = power_kw[: lead_count + frame.span.duration // step]
    site, record = parts.site, parts.baseline
    inputs = record.provenance.inputs if record is not None and record.provenance is not None else {}
    return reading_flags(
        power_kw,
        step,
        import_limit_kw=site.import_limit_kw,
        is_export_expected=site.minimum_load_kw < 0.0,
        usual_highest_kw=inputs.get("highest_kw"),
        conflict_count=load.conflict_count if is_own else 0,
        lead_count=lead_count,
    )


def plain_powers(values: Floats) -> tuple[float, ...]:
    """Turn an array into floats; every gap is the one `nan`, so that equal evidence compares equal."""
    return without_nan(values.tolist())


def without_nan(values: Sequence[float]) -> tuple[float, ...]:
    """Return values with the one `nan` for every gap."""
    return tuple(math.nan if value != value else value for value in values)  # noqa: PLR0124  NaN alone differs
