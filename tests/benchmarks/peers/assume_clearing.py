"""Clears a plain book with assume-framework; run by an interpreter that has it: FILE GAP TIME_LIMIT_S.

Only its model, its solve and its second solve for prices are measured; its `clear` repeats them for
as long as an accepted block would lose.
"""

import json
import sys
from pathlib import Path
from time import perf_counter
from typing import Any


def main(path: str, gap: float, time_limit_s: float) -> None:
    """Print times and cost as JSON."""
    from assume.markets.clearing_algorithms.complex_clearing import (  # noqa: PLC0415  only there
        market_clearing_opt,
    )

    book = json.loads(Path(path).read_text(encoding="utf-8"))
    intervals = range(len(book["target"]))
    orders: list[dict[str, Any]] = [
        _order(f"target-{t}", t, -mw, book["cap"]) for t, mw in enumerate(book["target"]) if mw
    ]
    orders += [_order(f"step-{n}", int(t), mw, price) for n, (t, mw, price) in enumerate(book["steps"])]
    for n, block in enumerate(book["blocks"]):
        volume = {t: mw for t, mw in enumerate(block["profile"]) if mw}
        orders.append(
            {
                **_order(f"block-{n}", min(volume), 0.0, block["price"]),
                "bid_type": "BB",
                "volume": volume,
                "min_acceptance_ratio": block["low"],
            }
        )
    began = perf_counter()
    instance, _ = market_clearing_opt(
        orders,
        [(t, t + 1, None) for t in intervals],
        "with_min_acceptance_ratio",
        with_linked_bids=False,
        solver="appsi_highs",
        solver_options={"mip_rel_gap": gap, "time_limit": time_limit_s, "threads": 1},
    )
    ended = perf_counter()
    # It counts the target's worth as a negative cost; what is unserved then costs the cap.
    worth = sum(book["cap"] * mw for mw in book["target"])
    cost = (float(instance.objective()) + worth) * book["hours"]
    print(json.dumps({"build_s": None, "solve_s": ended - began, "cost": cost}))


def _order(bid_id: str, start: int, volume: float, price: float) -> dict[str, Any]:
    return {
        "bid_id": bid_id,
        "bid_type": "SB",
        "node": "node0",
        "start_time": start,
        "volume": volume,
        "price": price,
        "min_acceptance_ratio": None,
        "parent_bid_id": None,
    }


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
