"""A site's meter history from the files that its driver keeps, without asking a meter anything.

Where agent and simulator meet: real equipment keeps metered intervals in its state folder, a simulated
plant in its own files. Both are read while the agent may be writing them, and nothing is written.
"""

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from vpp.agent.equipment_meter_file import EPOCH, KEPT, RECORD
from vpp.agent.meter_history import MeterHistory, no_history
from vpp.agent.settings import AgentSettings, floor_to_grid
from vpp.foundation.errors import InvalidInput
from vpp.simulator.plant import simulated_site
from vpp.simulator.plant_state import PlantStore
from vpp.simulator.settings import plant_settings

METER_FILE = "meter.bin"


def kept_history(settings: AgentSettings, now: datetime) -> MeterHistory:
    """Return what the site's meter showed, as far as its driver's files tell.

    Args:
        settings: The site's configuration.
        now: Present instant, UTC.

    Raises:
        InvalidInput: A file cannot be read.
    """
    table = dict(settings.driver)
    kind = table.pop("kind", "simulated")
    if kind == "equipment":
        return _of_equipment(settings, now)
    if kind != "simulated":
        raise InvalidInput(f"driver.kind is {kind!r}, expected 'equipment' or 'simulated'", kind=str(kind))
    return _of_plant(settings, table, now)


def _of_equipment(settings: AgentSettings, now: datetime) -> MeterHistory:
    step = settings.site.metering_interval
    path = settings.folder / str(settings.driver.get("state_folder", "")) / METER_FILE
    content = _read(path)
    records = np.frombuffer(content[: len(content) // RECORD.itemsize * RECORD.itemsize], RECORD)
    # What a wrong clock has dated is left out, or the whole time in between would be gaps.
    oldest = (now - KEPT - timedelta(days=1) - EPOCH) // step
    records = records[(records["index"] >= oldest) & (records["index"] < (now - EPOCH) // step)]
    if not len(records):
        return no_history(floor_to_grid(now, step), step)
    first, last = int(records["index"].min()), int(records["index"].max())
    values = np.full(last - first + 1, np.nan)
    values[records["index"] - first] = records["net_kw"]  # of two of one interval the later counts
    return MeterHistory(EPOCH + first * step, step, tuple(values.tolist()))


def _of_plant(settings: AgentSettings, table: dict[str, object], now: datetime) -> MeterHistory:
    """Ask a copy of the simulated plant for what its meter has shown: the plant itself is not moved on."""
    content = _read(settings.folder / plant_settings(table).state_file)
    step = settings.site.metering_interval
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "plant.jsonl"
        copy.write_bytes(content[: content.rfind(b"\n") + 1])
        saved = PlantStore(copy).read()
        plant = simulated_site({**table, "state_file": str(copy)}, settings.folder, step)
        begin = plant.meter_begins_at
        end = floor_to_grid(now, step) if saved is None else begin + saved[0].next_index * step
        return MeterHistory(begin, step, tuple(plant.meter(begin, end).tolist()))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error}", file=str(path)) from error
