"""A month of a site whose baseline can be told by hand.

From Monday 5 January 2026, hour by hour in UTC: 100 kW on every day; on Thursday 29 January 110 kW from
midnight on, and 60 kW in the event, 17:00 to 19:00. High 4 of 5 averages 100 kW; the three hours from
13:00 to 16:00 are 10 kW above it, so the baseline is 110 kW and the reduction 50 kW, 100 kWh.
"""

from pathlib import Path

import numpy as np
import pandas as pd

EVENT = "2026-01-29T17:00Z/2026-01-29T19:00Z"


def plant_load() -> pd.Series:
    index = pd.date_range("2026-01-05T00:00Z", "2026-01-30T00:00Z", freq="1h", inclusive="left")
    load_kw = pd.Series(100.0, index=index)
    load_kw["2026-01-29":] = 110.0
    load_kw["2026-01-29T17:00Z":"2026-01-29T18:00Z"] = 60.0
    # A site that never changes is flagged as a stuck meter; a breath of a watt is not.
    return load_kw + 1e-3 * (np.arange(len(index)) % 2) - 5e-4


def write_meter(path: Path, sites: dict[str, pd.Series]) -> Path:
    parts = [
        pd.DataFrame({"site": site, "start_time": load_kw.index, "net_power_kw": load_kw.to_numpy()})
        for site, load_kw in sites.items()
    ]
    frame = pd.concat(parts)
    frame["start_time"] = frame["start_time"].map(lambda at: at.isoformat())
    frame.to_csv(path, index=False)
    return path
