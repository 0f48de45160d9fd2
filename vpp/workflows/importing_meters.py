"""Readings of revenue meters brought in: all that a file holds or nothing, as a version beside earlier ones.

They come from whoever answers for meter data, never from a site and never from who settles. What a meter
cannot have shown is refused by name; what is odd but possible is kept and told.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vpp.foundation.errors import InvalidInput
from vpp.foundation.free_text import free_text
from vpp.foundation.interval import Interval
from vpp.foundation.series import hours
from vpp.portfolio.site import Site
from vpp.telemetry.metering_energy import metering_energy
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.identity import Principal
from vpp.workflows.ports import UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import audit, found
from vpp.workflows.revenue_checks import MeterRun, check_values, laid_out, odd_notes
from vpp.workflows.revenue_grid import revenue_on_grid
from vpp.workflows.revenue_records import NO_DEVICE, RevenueImport, RevenuePiece, RevenueReadings
from vpp.workflows.site_load import site_load
from vpp.workflows.viewing import site_with_load, visible_site

FARTHEST_RATIO = 2.0
"""Energy beyond this multiple of the site's own readings, or below its inverse, is taken for a wrong unit: kW
for kWh of a quarter hour is 4. A choice of this project."""


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What became of an import.

    Attributes:
        revenue_import: The import; of readings that are those of the newest import, that one.
        is_new: Whether anything was new.
        notes: What whoever imported must know.
    """

    revenue_import: RevenueImport
    is_new: bool
    notes: tuple[str, ...]


def import_readings(  # noqa: PLR0913  one argument per field of the request
    units: UnitOfWorkFactory,
    principal: Principal,
    site_id: str,
    runs: Sequence[MeterRun],
    *,
    device_id: str = NO_DEVICE,
    source_name: str,
    accept_difference: bool = False,
) -> ImportOutcome:
    """Keep what a revenue meter showed.

    Args:
        units: Makes transactions.
        principal: Who answers for meter data.
        site_id: Whose meter.
        runs: The readings in order of time; what lies between runs is a gap.
        device_id: The resource that the meter stands before; empty for the point of connection.
        source_name: Name of the file that they came in.
        accept_difference: Keep readings also where their energy is far from that of the site's own.

    Returns:
        The import. The same readings again change nothing.

    Raises:
        NotFound: There is no such site, or no such resource.
        InvalidInput: Runs overlap or are of several steps, a reading lies in the future or off its grid, is
            not finite or beyond what the connection bears, or the energy is far from the site's own. Then
            nothing is kept; the message names the reading.
    """
    name = free_text(source_name, "source_name", several_lines=False)
    with units(write=False) as uow:  # comparing takes a while; nobody's write waits for it
        site = visible_site(uow, principal, site_id).value
        if device_id != NO_DEVICE:
            found(uow.resources.get(f"{site_id}/{device_id}"), f"sites/{site_id}/resources/{device_id}")
        readings = laid_out(runs, uow.now)
        check_values(readings, site, is_device=device_id != NO_DEVICE)
        notes = odd_notes(readings, site, is_device=device_id != NO_DEVICE)
        if device_id == NO_DEVICE:
            notes += _compared(uow, site, readings, accept_difference=accept_difference)
    digest = _digest(readings)
    with units() as uow:
        before = uow.revenue.imports(site_id, device_id)
        if before and before[-1].sha256 == digest:
            return ImportOutcome(before[-1], is_new=False, notes=notes)
        kept = RevenueImport(
            site_id=site_id,
            device_id=device_id,
            version=len(before) + 1,
            span=readings.span,
            step=readings.step,
            reading_count=int(np.count_nonzero(readings.quality != MeterQuality.MISSING)),
            source_name=name,
            sha256=digest,
            imported_by=principal.principal_id,
            imported_at=uow.now,
        )
        uow.revenue.add(kept, readings)
        audit(
            uow,
            principal.principal_id,
            "import_readings",
            f"sites/{site_id}" + (f"/resources/{device_id}" if device_id else ""),
            version=kept.version,
            start=kept.span.start.isoformat(),
            end=kept.span.end.isoformat(),
            readings=kept.reading_count,
            sha256=digest,
        )
        uow.commit()
        return ImportOutcome(kept, is_new=True, notes=notes)


def list_imports(units: UnitOfWorkFactory, principal: Principal, site_id: str) -> Sequence[RevenueImport]:
    """List what was imported of a site's revenue meters, by device and version.

    Raises:
        NotFound: There is no such site whose readings the caller may see.
    """
    with units(write=False) as uow:
        site_with_load(uow, principal, site_id)
        return uow.revenue.imports(site_id)


def _compared(
    uow: UnitOfWork, site: Site, readings: RevenueReadings, *, accept_difference: bool
) -> tuple[str, ...]:
    """Compare with the site's own readings.

    Raises:
        InvalidInput: The energies are so far apart that a unit must be wrong, and nobody accepts that.
    """
    step = max(readings.step, site.metering_interval)
    if step % readings.step or step % site.metering_interval:
        return ()
    # Both steps divide an hour, and so does the longer one.
    before, beyond = (at - at.replace(minute=0, second=0) for at in (readings.start_at, readings.span.end))
    window = Interval(readings.start_at - before % step, readings.span.end + -beyond % step)
    these = revenue_on_grid([RevenuePiece(NO_DEVICE, 1, readings)], window, step)
    own = site_load(uow, site, window)
    own_kw = (own if step == site.metering_interval else metering_energy(own, step)).net_power_kw.to_numpy()
    is_both = ~np.isnan(own_kw) & ~np.isnan(these.power_kw) & (these.quality != MeterQuality.BAD)
    if not is_both.any():
        return ("the site has no readings of its own for any of these intervals",)
    own_kwh, these_kwh = (
        float(np.abs(power_kw[is_both]).sum()) * hours(step) for power_kw in (own_kw, these.power_kw)
    )
    said = (
        f"over {int(is_both.sum())} intervals these readings are {these_kwh:.3f} kWh and the site's own "
        f"{own_kwh:.3f} kWh"
    )
    is_far = these_kwh > FARTHEST_RATIO * own_kwh or own_kwh > FARTHEST_RATIO * these_kwh
    if is_far and not accept_difference:
        raise InvalidInput(
            f"{said}, expected within a factor of {FARTHEST_RATIO:g}; look at the unit, the site and the "
            "days, or accept the difference",
            these_kwh=f"{these_kwh:.3f}",
            own_kwh=f"{own_kwh:.3f}",
        )
    return (said,)


def _digest(readings: RevenueReadings) -> str:
    head = f"{readings.start_at.isoformat()} {readings.step.total_seconds()} ".encode()
    return hashlib.sha256(
        head + readings.net_power_kw.astype("<f8").tobytes() + readings.quality.tobytes()
    ).hexdigest()
