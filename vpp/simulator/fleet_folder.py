"""Site loads from a folder of measured or prepared fleets."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from vpp.foundation.errors import InvalidInput
from vpp.simulator.site_load import SiteLoad

FLEET_STEP = timedelta(minutes=15)
KW_PER_MW = 1000.0


def fleet_site_ids(folder: Path) -> list[str]:
    """List the sites of a fleet folder in the order of its `sites.csv`.

    Raises:
        InvalidInput: There is no readable `sites.csv` with a column `site_id`.
    """
    try:
        with (folder / "sites.csv").open(newline="", encoding="utf-8") as file:
            return [row["site_id"] for row in csv.DictReader(file)]
    except (OSError, KeyError) as error:
        raise InvalidInput(f"fleet folder {folder} has no readable sites.csv: {error}") from error


def fleet_load(folder: Path, site_id: str) -> SiteLoad:
    """Read one site of a fleet folder.

    Args:
        folder: Holds `fleet_load_15min.parquet` with the columns site_id, start_utc, it_mw,
            cooling_mw and facility_mw.
        site_id: The site.

    Returns:
        Its natural load in 15-minute intervals.

    Raises:
        InvalidInput: The file is missing, no Parquet reader is installed, or the site is
            unknown or has gaps.
    """
    path = folder / "fleet_load_15min.parquet"
    try:
        frame = pd.read_parquet(path, filters=[("site_id", "==", site_id)])
    except ImportError as error:
        raise InvalidInput(
            f"reading {path} needs a Parquet reader for pandas; install the package pyarrow"
        ) from error
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error}") from error
    if frame.empty:
        raise InvalidInput(f"site_id is {site_id!r}, not in {path}", site_id=site_id)
    frame = frame.sort_values("start_utc")
    starts = pd.DatetimeIndex(frame["start_utc"])
    if len(set(np.diff(starts.to_numpy()).tolist())) > 1:
        raise InvalidInput(f"site {site_id} has gaps in {path}", site_id=site_id)
    first: datetime = starts[0].to_pydatetime()
    return SiteLoad(
        start=first.astimezone(UTC),
        step=FLEET_STEP,
        net_kw=frame["facility_mw"].to_numpy(dtype=np.float64) * KW_PER_MW,
        it_kw=frame["it_mw"].to_numpy(dtype=np.float64) * KW_PER_MW,
        cooling_kw=frame["cooling_mw"].to_numpy(dtype=np.float64) * KW_PER_MW,
    )
