"""Loads of a fleet folder in place of the cluster traces: their shape, at the size of the demo's sites."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from vpp.foundation.errors import InvalidInput
from vpp.simulator.fleet_files import FleetSite
from vpp.simulator.fleet_folder import fleet_load, fleet_site_ids
from vpp.simulator.site_load import SiteLoad, read_load, save_load

_WEEK = timedelta(days=7)


def put_fleet_loads(sites: Sequence[FleetSite], fleet: Path, history_start: datetime) -> None:
    """Replace the sites' natural loads by those of a fleet folder, in the order of its list.

    Args:
        sites: The demo's sites, as written.
        fleet: Holds `sites.csv` and `fleet_load_15min.parquet`.
        history_start: Where the demo's history begins, UTC.

    Raises:
        InvalidInput: The folder cannot be read, or holds fewer sites than the demo has.
    """
    names = fleet_site_ids(fleet)
    if len(names) < len(sites):
        raise InvalidInput(
            f"--fleet {fleet} holds {len(names)} sites, expected at least {len(sites)}", fleet=str(fleet)
        )
    for site, name in zip(sites, names, strict=False):
        path = site.config.parent / "load.npz"
        drawn = read_load(path)
        save_load(path, fitted(fleet_load(fleet, name), drawn, history_start))


def fitted(load: SiteLoad, drawn: SiteLoad, history_start: datetime) -> SiteLoad:
    """Give a load the grid, the mean and the calendar of a demo site.

    Args:
        load: The fleet's load.
        drawn: The load that the site's equipment was drawn for.
        history_start: The load is moved by whole weeks so that it covers this instant, UTC.

    Returns:
        The load on the site's grid, its mean that of the drawn one: the equipment fits, the
        shape, the weekdays and the hours are the fleet's.

    Raises:
        InvalidInput: The fleet's interval is no multiple of the site's.
    """
    if load.step % drawn.step:
        raise InvalidInput(
            f"fleet intervals of {load.step} are no multiple of {drawn.step}", step=str(load.step)
        )
    weeks = (history_start - load.start) // _WEEK
    count, scale = load.step // drawn.step, float(drawn.net_kw.mean() / load.net_kw.mean())
    return replace(
        load,
        start=load.start + weeks * _WEEK,
        step=drawn.step,
        net_kw=np.repeat(load.net_kw * scale, count),
        it_kw=np.repeat(load.it_kw * scale, count),
        cooling_kw=np.repeat(load.cooling_kw * scale, count),
    )
