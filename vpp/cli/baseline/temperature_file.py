"""Files of outdoor temperatures."""

from pathlib import Path

import numpy as np
import pandas as pd

from vpp.cli.baseline.csv_table import FIRST_ROW, read_csv_table
from vpp.foundation.errors import InvalidInput
from vpp.telemetry.meter_cells import read_instants, read_numbers

_LONGEST_GAP = pd.Timedelta(hours=6)
_LOWEST_C, _HIGHEST_C = -90.0, 65.0


def read_temperatures(path: Path) -> dict[str, pd.Series]:
    """Read temperatures from `start_time,temperature_c[,site]`.

    Args:
        path: The file; rows may come in any order, and steps may differ.

    Returns:
        Degrees Celsius by site, "" for a file without sites, on a regular UTC index at the commonest
        distance of the stamps, gaps of up to six hours filled linearly, longer ones NaN. Shape (T,)
        each.

    Raises:
        NotFound: There is no such file.
        InvalidInput: The message names file, line, column, value and what was expected.
    """
    frame = read_csv_table(path, "--temperature", ("start_time", "temperature_c"), ("site",))
    if frame.empty:
        raise InvalidInput(f"--temperature {path} has no rows below its header", path=str(path))
    try:
        instants, _ = read_instants(frame["start_time"], FIRST_ROW)
        degrees = read_numbers(frame["temperature_c"], FIRST_ROW)
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error}", **error.metadata) from None
    wrong = np.flatnonzero((degrees < _LOWEST_C) | (degrees > _HIGHEST_C))
    if len(wrong):
        at = int(wrong[0])
        raise InvalidInput(
            f"{path}: row {at + FIRST_ROW}, temperature_c: {degrees[at]:g}, expected degrees Celsius from "
            f"{_LOWEST_C:g} to {_HIGHEST_C:g}",
            path=str(path),
        )
    sites = frame["site"] if "site" in frame.columns else pd.Series("", index=frame.index)
    table = pd.DataFrame({"site": sites.to_numpy(), "at": instants, "degrees": degrees})
    return {str(site): _regular(path, rows) for site, rows in table.groupby("site", sort=True)}


def _regular(path: Path, rows: pd.DataFrame) -> pd.Series:
    """Put one place's temperatures in order on a grid."""
    ordered = rows.drop_duplicates(["at", "degrees"]).set_index("at")["degrees"].sort_index()
    twice = ordered.index[ordered.index.duplicated()]
    if len(twice):
        raise InvalidInput(
            f"{path}: two temperatures for {twice[0].isoformat()}, expected one a place",
            path=str(path),
        )
    if len(ordered) == 1:
        raise InvalidInput(f"{path}: a single temperature, expected a series of them", path=str(path))
    distances = pd.Series(np.diff(ordered.index.to_numpy()))
    step = pd.Timedelta(distances.mode().iloc[0])
    grid = pd.date_range(ordered.index[0], ordered.index[-1], freq=step)
    known = ordered.dropna()
    filled = known.reindex(known.index.union(grid)).interpolate("time", limit_area="inside").reindex(grid)
    # Weather between two readings half a day apart is anybody's guess.
    after = known.index.searchsorted(grid, side="left").clip(max=len(known) - 1)
    before = (known.index.searchsorted(grid, side="right") - 1).clip(min=0)
    regular: pd.Series = filled.where(known.index[after] - known.index[before] <= _LONGEST_GAP)
    return regular
