"""The plant's memory on disk: a process that is killed and started again goes on where it was."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
        orders: Last command by resource id: reduction kW, recovery limit kW (None for none) and
            the interval it was given for.
        devices: Each device's memory.
        mean_reduction_kw: What each device did in the last interval, kW.
    """

    live_index: int
    next_index: int
    orders: Mapping[str, tuple[float, float | None, int]]
    devices: Mapping[str, Mapping[str, object]]
    mean_reduction_kw: Mapping[str, float]


class PlantStore:
    """A file of JSON lines, each the whole state and the readings since the line before.

    A line counts once its newline is written, so a save is atomic without the cost of replacing
    a file at every step. Now and then the file is replaced by a single line.
    """

    def __init__(self, path: Path) -> None:
        """Use `path`, which need not exist yet."""
        self._path = path
        self._line_count = 0

    def read(self) -> tuple[SavedPlant, list[float]] | None:
        """Return the saved plant and its readings, kW, from `live_index` on; None at first start.

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
        readings: list[float] = []
        try:
            documents: list[dict[str, Any]] = [json.loads(line) for line in lines]
            for document in documents:
                readings += document["readings_kw"]
            newest = documents[-1]
            saved = SavedPlant(
                live_index=newest["live_index"],
                next_index=newest["next_index"],
                orders={name: (order[0], order[1], order[2]) for name, order in newest["orders"].items()},
                devices=newest["devices"],
                mean_reduction_kw=newest["mean_reduction_kw"],
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._damaged(str(error)) from error
        if len(readings) != saved.next_index - saved.live_index:
            raise self._damaged(
                f"{len(readings)} readings for {saved.next_index - saved.live_index} intervals"
            )
        return saved, readings

    def _damaged(self, reason: str) -> InvalidInput:
        return InvalidInput(f"state_file {self._path} is damaged: {reason}", state_file=str(self._path))

    def write(self, saved: SavedPlant, readings: Sequence[float], saved_count: int) -> None:
        """Save the plant.

        Args:
            saved: The plant.
            readings: All readings from `live_index` on, kW.
            saved_count: How many of them have been saved before.
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
            beside.write_bytes(_line(document, readings))
            os.replace(beside, self._path)  # noqa: PTH105  the atomic step, said as such
            self._line_count = 1
        else:
            with self._path.open("ab") as file:
                file.write(_line(document, readings[saved_count:]))
            self._line_count += 1


def _line(document: Mapping[str, object], readings: Sequence[float]) -> bytes:
    return json.dumps({**document, "readings_kw": list(readings)}, allow_nan=False).encode() + b"\n"
