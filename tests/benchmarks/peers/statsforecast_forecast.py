"""Forecasts series with statsforecast; run by an interpreter that has it: FILE MODEL.

The file is JSON: series of kW from a Monday on, hourly, and how many values to forecast.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = "1"


def main(path: str, name: str) -> None:
    """Print processor seconds and forecasts as JSON."""
    import numpy as np  # noqa: PLC0415  only in this interpreter's environment
    from statsforecast import models  # noqa: PLC0415

    asked = json.loads(Path(path).read_text(encoding="utf-8"))
    horizon = asked["horizon"]
    made = {
        "MSTL": lambda: models.MSTL(season_length=[24, 168]),
        "MFLES": lambda: models.MFLES(season_length=[24, 168]),
        "AutoETS": lambda: models.AutoETS(season_length=24),
    }[name]
    values = [np.array(one, dtype=float) for one in asked["series"]]
    made().forecast(y=values[0], h=horizon)  # compiles what is compiled once
    began = time.process_time()
    found = [made().forecast(y=one, h=horizon)["mean"].tolist() for one in values]
    print(json.dumps({"cpu_s": time.process_time() - began, "forecasts": found}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
