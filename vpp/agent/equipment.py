"""A site with real equipment: meters and devices, each in a thread of its own, behind one driver."""

import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vpp.agent.device_place import METER
from vpp.agent.equipment_command import StandingCommand
from vpp.agent.equipment_device import ReductionMeter, state_of
from vpp.agent.equipment_meter import SiteMeter
from vpp.agent.equipment_meter_file import MeterFile
from vpp.agent.equipment_parts import PLAUSIBLE_MULTIPLE, SiteParts, facts_of, parts_of
from vpp.agent.equipment_settings import EquipmentTable
from vpp.agent.equipment_worker import DeviceWorker
from vpp.agent.process_lock import ProcessLock
from vpp.agent.settings import AgentSettings, floor_to_grid
from vpp.flexibility.stagger import command_offset
from vpp.foundation.clock import Clock, stopwatch_s
from vpp.foundation.device_terms import DeviceCondition, Setpoint
from vpp.foundation.errors import InvalidInput, WrongState

FIRST_READING_S = 2.0
"""Longest that a start waits for every device's first reading, s of the machine."""
log = logging.getLogger(__name__)


class EquipmentSite:
    """The agent's driver of a site with real equipment (`SiteDriver`).

    No call waits for a device: commands go to mailboxes, and what is returned was read before.
    """

    def __init__(  # noqa: PLR0913  the parts of one site, put together in one place
        self,
        meter: SiteMeter,
        meters: Mapping[str, DeviceWorker],
        devices: Mapping[str, tuple[DeviceWorker, ReductionMeter]],
        *,
        release_on_stop: bool,
        stop_within_s: float,
        lock: ProcessLock | None = None,
    ) -> None:
        """Take the parts; `start` begins.

        Args:
            meter: Forms the site's metering intervals.
            meters: Workers of the meters by name.
            devices: Workers of the devices by resource id, with the means of what they do.
            release_on_stop: Whether devices are released when the site is closed.
            stop_within_s: Longest that closing waits, s of the machine.
            lock: Held until the site is closed.
        """
        self._lock = lock
        self._meter = meter
        self._devices = dict(devices)
        self._workers = {**meters, **{name: worker for name, (worker, _) in devices.items()}}
        self._release_on_stop = release_on_stop
        self._stop_within_s = stop_within_s

    def start(self, within_s: float = FIRST_READING_S) -> None:
        """Begin to read, and wait a moment for every device's first reading or failure."""
        for worker in self._workers.values():
            worker.start()
        deadline_s = stopwatch_s() + within_s
        for worker in self._workers.values():
            worker.wait_for_round(1, max(0.0, deadline_s - stopwatch_s()))

    @property
    def meter_begins_at(self) -> datetime:
        """Start of the oldest interval that is remembered, UTC."""
        return self._meter.begins_at

    def meter(self, since: datetime, until: datetime) -> npt.NDArray[np.float64]:
        """Return mean net power per metering interval, kW, consumption positive; NaN is a gap.

        Args:
            since: Start of the first interval wanted, UTC, on the metering grid.
            until: No interval that ends after this is returned, UTC.
        """
        return self._meter.between(since, until)

    def recent_kw(self, since: datetime, until: datetime) -> float | None:
        """Return mean net power over a span off the metering grid, kW; None if it was not measured."""
        return self._meter.recent_kw(since, until)

    def command(self, at: datetime, setpoints: Mapping[str, Setpoint]) -> None:
        """Put setpoints into the devices' mailboxes.

        Args:
            at: Instant of the command, UTC.
            setpoints: What each is to do, by resource id, kW at the point of connection.

        Raises:
            InvalidInput: A device is unknown; nothing has been commanded.
        """
        chosen = [(self._device(name)[0], setpoint) for name, setpoint in setpoints.items()]
        for worker, setpoint in chosen:
            worker.put(setpoint, at)

    def condition(self, resource_id: str, at: datetime) -> DeviceCondition:
        """Return how a device, or a meter by its name, is.

        Raises:
            InvalidInput: It is unknown.
        """
        if resource_id not in self._workers:
            raise InvalidInput(f"{resource_id} is no device of this site", resource_id=resource_id)
        return self._workers[resource_id].condition(at)

    def state(self, resource_id: str, at: datetime) -> dict[str, float]:
        """Return what a device's instruments show.

        Raises:
            InvalidInput: It is unknown, or has never been read.
        """
        worker, reduction = self._device(resource_id)
        return state_of(worker, reduction, at)

    def _device(self, resource_id: str) -> tuple[DeviceWorker, ReductionMeter]:
        if resource_id not in self._devices:
            raise InvalidInput(f"{resource_id} is no device of this site", resource_id=resource_id)
        return self._devices[resource_id]

    def wait_for_rounds(self, count: int, within_s: float) -> bool:
        """Wait until every device has been gone round to so many times more; whether it was in time.

        Args:
            count: Further rounds of each device; what is asked of it now is over after two.
            within_s: Longest wait, s of the machine.
        """
        wanted = {worker: worker.round_count + count for worker in self._workers.values()}
        deadline_s = stopwatch_s() + within_s
        return all(
            worker.wait_for_round(rounds, max(0.0, deadline_s - stopwatch_s()))
            for worker, rounds in wanted.items()
        )

    def close(self) -> None:
        """Release the devices if the site says so, and stop; devices that do not answer are left."""
        for name, worker in self._workers.items():
            is_released = self._release_on_stop and name in self._devices
            worker.stop(release=is_released, within_s=0.8 * self._stop_within_s)
        deadline_s = stopwatch_s() + self._stop_within_s
        left = [
            name
            for name, worker in self._workers.items()
            if not worker.join(max(0.0, deadline_s - stopwatch_s()))
        ]
        if left:
            log.error("still busy at the stop, and perhaps not released: %s", ", ".join(left))
        held = [name for name, (worker, _) in self._devices.items() if worker.is_commanded]
        if held and self._release_on_stop:
            log.error("could not be released at the stop; the next start will: %s", ", ".join(held))
        self._meter.save()
        if self._lock is not None:
            self._lock.__exit__(None, None, None)


def equipment_site(settings: AgentSettings, clock: Clock) -> EquipmentSite:
    """Build the site that a `[driver]` table of kind `equipment` describes; `start` begins.

    Args:
        settings: The site's configuration.
        clock: Tells the site's time.

    Raises:
        InvalidInput: The table or a file it names is wrong, or another agent uses the state folder.
        OSError: What the site keeps cannot be read or written.
    """
    found = parts_of(settings.driver, facts_of(settings), clock)
    if found.problems or found.table is None:
        for part in found.parts:
            part.device.close()
        raise InvalidInput("; ".join(found.problems))
    for each in found.left_behind:  # the other devices must not stay as they were commanded for that
        log.warning("%s", each)
    lock = _locked(found.state_folder)
    try:
        return _built(settings, found, found.table, clock, lock)
    except BaseException:
        lock.__exit__(None, None, None)
        raise


def _locked(folder: Path) -> ProcessLock:
    """Take what a site keeps for one agent alone: two would command the same devices."""
    lock = ProcessLock(folder / "equipment")
    try:
        return lock.__enter__()
    except WrongState as error:
        raise InvalidInput(
            f"driver.state_folder {folder} is used by another agent, expected one of this site's own"
        ) from error


def _built(
    settings: AgentSettings, found: SiteParts, table: EquipmentTable, clock: Clock, lock: ProcessLock
) -> EquipmentSite:
    step, now = settings.site.metering_interval, clock.now()
    meter = SiteMeter(
        MeterFile(found.state_folder / "meter.bin", step, now),
        clock,
        step,
        table.least_coverage_ratio,
        PLAUSIBLE_MULTIPLE * settings.site.import_limit_kw,
    )
    meters: dict[str, DeviceWorker] = {}
    devices: dict[str, tuple[DeviceWorker, ReductionMeter]] = {}
    for part in found.parts:
        command = StandingCommand(
            part.command_memory,
            now,
            hold=table.command_hold,
            repeat_interval=part.table.repeat_interval,
            confirm_within=part.confirm_within,
            confirm_ratio=part.table.confirm_ratio,
            delay=command_offset(settings.site_name, part.name, part.table.stagger_of(part.kind)),
        )
        if part.kind == METER:
            take = meter.sink_for(part.name, part.table.staleness)
            meters[part.name] = DeviceWorker(part.name, part.device, part.table, clock, command, take)
        else:
            start = floor_to_grid(now, step)
            reduction = ReductionMeter(start, step, part.table.staleness, table.least_coverage_ratio)
            worker = DeviceWorker(part.name, part.device, part.table, clock, command, reduction.take)
            devices[part.name] = (worker, reduction)
    return EquipmentSite(
        meter,
        meters,
        devices,
        release_on_stop=table.release_on_stop,
        stop_within_s=table.stop_within.total_seconds(),
        lock=lock,
    )


def equipment_driver(settings: AgentSettings) -> EquipmentSite:
    """Build and start the site that a configuration describes, on its own clock.

    Raises:
        InvalidInput: The `[driver]` table or a file it names is wrong.
        OSError: What the site keeps cannot be read or written.
    """
    site = equipment_site(settings, settings.build_clock())
    site.start()
    return site
