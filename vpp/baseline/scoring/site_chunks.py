"""Cutting a fleet into parts that are worth a process's while."""

from collections.abc import Mapping

from vpp.baseline.site_meter import SiteMeter

SITES_PER_CHUNK = 20


def site_chunks(sites: Mapping[str, SiteMeter]) -> list[dict[str, SiteMeter]]:
    """Cut sites into parts; those with the same midnight stay together, since they are done as one batch.

    Args:
        sites: By name.

    Returns:
        Parts of at most `SITES_PER_CHUNK` sites; every site is in one.
    """
    names = sorted(sites, key=lambda name: (sites[name].calendar.time_zone, len(sites[name].net_power_kw)))
    return [
        {name: sites[name] for name in names[at : at + SITES_PER_CHUNK]}
        for at in range(0, len(names), SITES_PER_CHUNK)
    ]
