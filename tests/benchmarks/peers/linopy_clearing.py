"""Clears a plain book with linopy; run by an interpreter that has it: FILE GAP TIME_LIMIT_S."""

import json
import sys
from pathlib import Path
from time import perf_counter


def main(path: str, gap: float, time_limit_s: float) -> None:
    """Print times and cost as JSON."""
    import linopy  # noqa: PLC0415  only in this interpreter's environment
    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415
    import xarray as xr  # noqa: PLC0415

    book = json.loads(Path(path).read_text(encoding="utf-8"))
    began = perf_counter()
    intervals = pd.RangeIndex(len(book["target"]), name="interval")
    target = xr.DataArray(book["target"], coords=[intervals])
    step = np.array(book["steps"], dtype=float)
    steps = pd.RangeIndex(len(step), name="step")
    blocks = pd.RangeIndex(len(book["blocks"]), name="block")
    profile = xr.DataArray([one["profile"] for one in book["blocks"]], coords=[blocks, intervals])
    price = xr.DataArray([one["price"] for one in book["blocks"]], coords=[blocks])
    low = xr.DataArray([one["low"] for one in book["blocks"]], coords=[blocks])
    model = linopy.Model()
    taken = model.add_variables(0, xr.DataArray(step[:, 1], coords=[steps]), name="taken")
    unserved = model.add_variables(0, target, name="unserved")
    ratio = model.add_variables(0, 1, coords=[blocks], name="ratio")
    accepted = model.add_variables(coords=[blocks], name="accepted", binary=True)
    interval_of = xr.DataArray(step[:, 0].astype(int), coords=[steps], name="interval")
    served = taken.groupby(interval_of).sum().reindex({"interval": intervals})
    model.add_constraints(served + (profile * ratio).sum("block") + unserved == target, name="balance")
    model.add_constraints(ratio - accepted <= 0, name="most")
    model.add_constraints(ratio - low * accepted >= 0, name="least")
    hours = book["hours"]
    model.add_objective(
        (hours * xr.DataArray(step[:, 2], coords=[steps]) * taken).sum()
        + (hours * price * profile.sum("interval") * ratio).sum()
        + (hours * book["cap"] * unserved).sum()
    )
    built = perf_counter()
    model.solve(
        solver_name="highs",
        io_api="direct",
        mip_rel_gap=gap,
        time_limit=time_limit_s,
        threads=1,
        output_flag=False,
    )
    ended = perf_counter()
    cost = float(model.objective.value)
    print(json.dumps({"build_s": built - began, "solve_s": ended - built, "cost": cost}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
