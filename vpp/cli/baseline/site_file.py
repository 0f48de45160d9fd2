"""Files of sites: what differs from one site of a fleet to the next."""

import math
from dataclasses import fields
from pathlib import Path

from vpp.cli.baseline.csv_table import cell, read_csv_table
from vpp.cli.baseline.site_facts import SiteFacts

_POWERS = ("contract_kw", "export_limit_kw", "nominated_kw")


def read_sites(path: Path, common: SiteFacts) -> dict[str, SiteFacts]:
    """Read sites from `site[,time_zone][,holidays][,contract_kw][,export_limit_kw][,nominated_kw]`.

    Args:
        path: The file.
        common: What holds for a site whose cell is empty or whose column is missing.

    Raises:
        NotFound: There is no such file.
        InvalidInput: The message names file, line, column, value and what was expected.
    """
    names = [field.name for field in fields(SiteFacts)]
    frame = read_csv_table(path, "--sites", ("site",), names)
    sites: dict[str, SiteFacts] = {}
    for row, cells in enumerate(frame.to_dict("records")):
        given = {str(name): str(value).strip() for name, value in cells.items() if str(value).strip()}
        site = given.get("site", "")
        if not site or site in sites:
            raise cell(path, row, "site", site, "the name of a site, each once")
        powers = {name: _power(path, row, name, given.get(name)) for name in _POWERS}
        sites[site] = SiteFacts(
            given.get("time_zone", common.time_zone),
            given.get("holidays", common.holidays),
            **{name: getattr(common, name) if power is None else power for name, power in powers.items()},
        )
    return sites


def _power(path: Path, row: int, column: str, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        power_kw = float(text)
    except ValueError:
        power_kw = math.nan
    if not math.isfinite(power_kw) or power_kw < 0:
        raise cell(path, row, column, text, "a power in kW of at least 0")
    return power_kw
