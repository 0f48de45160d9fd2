"""The plant's memory on disk: a process that is killed and started again goes on where it was."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vpp.foundation.errors import InvalidInput

LONGEST_FILE = 500
"""Lines after which the file is rewritten as one."""


@dataclass(frozen=True, slots=True)
class SavedPlant:
    """The plant at one instant.

    Attributes:
        live_index: First interval that was simulated; what lies before it is history.
        next_index: First interval that has not been simulated.
        orders: Last command by resource id: reduction kW, recovery limit kW (None for none), the
            interval it was given for, and increase kW.
        devices: Each device's memory.
        mean_reduction_kw: What each device did in the last interval, kW.
    """

    live_index: int
    next_index: int
    orders: Mapping[str, tuple[float, float | None, int, float]]
    devices: Mapping[str, Mapping[str, object]]
    mean_reduction_kw: Mapping[str, float]


@dataclass(slots=True)
class PlantHistory:
    """What has happened since the plant went live, interval by interval.

    Attributes:
        readings_kw: What the meter showed, kW; NaN where it showed nothing.
        reductions_kw: What each device truly did, by resource id, kW; negative where it recovered.
    """

    readings_kw: list[float] = field(default_factory=list)
    reductions_kw: dict[str, list[float]] = field(default_factory=dict)


class PlantStore:
    """A file of JSON lines, each the whole state and the readings since the line before.

    A line counts once its newline is written, so a save is atomic without the cost of replacing
    a file at every step. Now and then the file is replaced by a single line.
    """

    def __init__(self, path: Path) -> None:
        """Use `path`, which need not exist yet."""
        self._path = path
        self._line_count = 0

    def read(self) -> tuple[SavedPlant, PlantHistory] | None:
        """Return the saved plant and its history from `live_index` on; None at first start.

        Raises:
            InvalidInput: The file is not one of ours, or damaged other than in its last line.
        """
        if not self._path.exists():
            return None
        content = self._path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole != len(content):
            os.truncate(self._path, whole)  # a save that was cut short never happened
        lines = content[:whole].splitlines()
        self._line_count = len(lines)
        if not lines:
            return None
        history = PlantHistory()
        try:
            documents: list[dict[str, Any]] = [json.loads(line) for line in lines]
            for document in documents:
                history.readings_kw += document["readings_kw"]
                for name, reductions_kw in document["reductions_kw"].items():
                    history.reductions_kw.setdefault(name, []).extend(reductions_kw)
            newest = documents[-1]
            saved = SavedPlant(
                live_index=newest["live_index"],
                next_index=newest["next_index"],
                orders={
                    name: (order[0], order[1], order[2], order[3]) for name, order in newest["orders"].items()
                },
                devices=newest["devices"],
                mean_reduction_kw=newest["mean_reduction_kw"],
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._damaged(str(error)) from error
        count = saved.next_index - saved.live_index
        for part in (history.readings_kw, *history.reductions_kw.values()):
            if len(part) != count:
                raise self._damaged(f"{len(part)} readings for {count} intervals")
        return saved, history

    def _damaged(self, reason: str) -> InvalidInput:
        return InvalidInput(f"state_file {self._path} is damaged: {reason}", state_file=str(self._path))

    def write(self, saved: SavedPlant, history: PlantHistory, saved_count: int) -> None:
        """Save the plant.

        Args:
            saved: The plant.
            history: All of it from `live_index` on.
            saved_count: How many of its intervals have been saved before.
        """
        document = {
            "live_index": saved.live_index,
            "next_index": saved.next_index,
            "orders": saved.orders,
            "devices": saved.devices,
            "mean_reduction_kw": saved.mean_reduction_kw,
        }
        if self._line_count >= LONGEST_FILE or self._line_count == 0:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside = self._path.with_name(self._path.name + ".new")
            beside.write_bytes(_line(document, history, 0))
            os.replace(beside, self._path)  # noqa: PTH105  the atomic step, said as such
            self._line_count = 1
        else:
            with self._path.open("ab") as file:
                file.write(_line(document, history, saved_count))
            self._line_count += 1


def _line(document: Mapping[str, object], history: PlantHistory, since: int) -> bytes:
    part = {
        "readings_kw": history.readings_kw[since:],
        "reductions_kw": {name: values[since:] for name, values in history.reductions_kw.items()},
    }
    return json.dumps({**document, **part}, allow_nan=True).encode() + b"\n"
