"""How green sites' consumption was: what they used in a month, and the certificates that cover it."""

import math
import re
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np

from vpp.baseline.civil_clock import CivilClock
from vpp.foundation.errors import InvalidInput, WrongState
from vpp.foundation.interval import Interval
from vpp.foundation.money import energy_kwh
from vpp.foundation.series import hours
from vpp.portfolio.site import Site
from vpp.settlement.green_certificate import GreenCertificate, GreenCertificateState
from vpp.settlement.green_share import GreenShare
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.identity import Principal
from vpp.workflows.ports import Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.revenue_grid import of_connection, revenue_on_grid
from vpp.workflows.revenue_records import RevenuePiece, RevenueReadings
from vpp.workflows.site_load import averaged_load
from vpp.workflows.viewing import visible, visible_site
from vpp.workflows.visibility import Page, PageRequest, page_by_id, seen_sites, sees_party

PERIOD = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
QUARTER = timedelta(minutes=15)
"""Days that are over are kept as means of this; a meter that sees nothing shorter is read as it is."""


def get_green_share(units: UnitOfWorkFactory, principal: Principal, site_id: str, period: str) -> GreenShare:
    """Return how green the consumption of a site that the caller may see was.

    Raises:
        NotFound: There is no such site that the caller may see.
        InvalidInput: The period is no month.
        WrongState: The month is not over at the site.
    """
    with units(write=False) as uow:
        return green_share(uow, visible_site(uow, principal, site_id).value, period)


def list_green_shares(
    units: UnitOfWorkFactory, principal: Principal, period: str, request: PageRequest
) -> Page[GreenShare]:
    """List how green the consumption of the sites that the caller may see was, by site.

    Raises:
        InvalidInput: The period is no month.
        WrongState: The month is not over at a site.
    """
    with units(write=False) as uow:
        is_seen = seen_sites(uow, principal)
        page = page_by_id(
            uow.sites,
            request,
            lambda site: site.site_id,
            lambda stored: is_seen(stored.value.site_id),
        )
        shares = tuple(green_share(uow, stored.value, period) for stored in page.items)
        return Page(shares, page.next_page_token)


def green_share(uow: UnitOfWork, site: Site, period: str) -> GreenShare:
    """Reckon how green a site's consumption in a month was, inside a transaction."""
    span = month_of(site, period)
    if uow.now < span.end:
        raise WrongState(
            f"{period} ends at {site.site_id} on {span.end.isoformat()}; what it used is not known before",
            period=period,
        )
    metered_kwh, gap_hours = _consumption(uow, site, span)
    most_kwh = gap_hours * Decimal(repr(site.import_limit_kw))
    counts = uow.green_certificates.counts(site.site_id, period)
    return GreenShare(
        site_id=site.site_id,
        period=period,
        metered_kwh=metered_kwh,
        month_hours=Decimal(repr(hours(span.duration))),
        gap_hours=gap_hours,
        counted_kwh=metered_kwh + energy_kwh(float(most_kwh)),
        allocated=counts.get(GreenCertificateState.ALLOCATED, 0),
        retired=counts.get(GreenCertificateState.RETIRED, 0),
    )


def month_of(site: Site, period: str) -> Interval:
    """Return a civil month at a site as a UTC span on the grid that its load is read on.

    Where civil midnight lies inside an interval of the grid, the interval belongs to the month in which it
    begins.

    Raises:
        InvalidInput: The period is no month.
    """
    if not PERIOD.fullmatch(period):
        raise InvalidInput(f"settlement_period is {period!r}, expected YYYY-MM", settlement_period=period)
    clock, step = CivilClock(site.time_zone), _step(site)
    try:
        first = date.fromisoformat(f"{period}-01")
        following = (first + timedelta(days=31)).replace(day=1)
        return Interval(_on_grid(clock.day(first).start, step), _on_grid(clock.day(following).start, step))
    except (ValueError, OverflowError) as error:  # the years 0 and 9999, or what civil time shifts there
        raise InvalidInput(
            f"settlement_period is {period!r}, expected a month of the calendar", settlement_period=period
        ) from error


def _step(site: Site) -> timedelta:
    return site.metering_interval if QUARTER % site.metering_interval else QUARTER


def _on_grid(instant: datetime, step: timedelta) -> datetime:
    """Return the first instant of a grid that begins at midnight UTC, at an instant or after it."""
    midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + math.ceil((instant - midnight) / step) * step


def _consumption(uow: UnitOfWork, site: Site, span: Interval) -> tuple[Decimal, Decimal]:
    """Return what a site took from the network, kWh, and for how many hours nobody knows.

    The revenue meter's readings hold where there are any, the site's own elsewhere. What it fed in counts
    nothing, and takes nothing off. A bad reading is none.
    """
    step = _step(site)
    load = averaged_load(uow, site, span, step)
    power_kw, quality = load.net_power_kw.to_numpy(dtype=np.float64), load.quality
    pieces = of_connection(uow.revenue.load_many([site.site_id], span).get(site.site_id, ()))
    if pieces:
        revenue = revenue_on_grid([_refined(piece, step) for piece in pieces], span, step)
        is_read = revenue.quality != MeterQuality.MISSING
        power_kw = np.where(is_read, revenue.power_kw, power_kw)
        quality = np.where(is_read, revenue.quality, quality).astype(np.int8)
    is_gap = np.isnan(power_kw) | (quality == MeterQuality.BAD)
    taken_kw = np.where(is_gap, 0.0, power_kw.clip(min=0.0))
    gap_hours = Decimal(repr(hours(step))) * int(is_gap.sum())
    return energy_kwh(float(taken_kw.sum()) * hours(step)), gap_hours


def _refined(piece: RevenuePiece, step: timedelta) -> RevenuePiece:
    """Return readings of whole hours on a finer grid: each mean holds in all of its parts."""
    readings = piece.readings
    ratio = readings.step // step
    if ratio <= 1 or readings.step % step:
        return piece
    power_kw, quality = np.repeat(readings.net_power_kw, ratio), np.repeat(readings.quality, ratio)
    fine = RevenueReadings(readings.start_at, step, power_kw, quality)
    return RevenuePiece(piece.device_id, piece.version, fine)


def get_certificate(
    units: UnitOfWorkFactory, principal: Principal, certificate_id: str
) -> Stored[GreenCertificate]:
    """Return a certificate of a party that the caller may see."""
    with units(write=False) as uow:
        return visible(
            uow.green_certificates.get(certificate_id),
            f"greenCertificates/{certificate_id}",
            lambda one: sees_party(principal, one.party_id),
        )


def list_certificates(
    units: UnitOfWorkFactory, principal: Principal, request: PageRequest, *, where: dict[str, str]
) -> Page[Stored[GreenCertificate]]:
    """List the certificates of parties that the caller may see, by id.

    Args:
        units: Makes the transaction.
        principal: Who asks.
        request: Which page.
        where: Columns to compare: party_id, site_id, period, state.
    """
    own = {} if principal.sees_everything else {"party_id": principal.party_id}
    with units(write=False) as uow:
        return page_by_id(
            uow.green_certificates,
            request,
            lambda one: one.certificate_id,
            lambda stored: sees_party(principal, stored.value.party_id),
            (own | where) or None,
        )
