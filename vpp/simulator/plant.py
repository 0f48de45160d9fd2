"""A simulated site: natural load plus the physics of its devices, behind the agent's driver seam."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vpp.foundation.device_terms import Applied, DeviceCondition, Health, Outcome, Setpoint
from vpp.foundation.errors import InvalidInput
from vpp.simulator.device import RELEASED, SUBSTEP_S, Conditions, Order
from vpp.simulator.plant_state import PlantStore, SavedPlant
from vpp.simulator.settings import PlantSettings, plant_settings
from vpp.simulator.site_load import SiteLoad, read_load

NOISE_PERIOD = 8191
"""Length of the meter's noise before it repeats; a prime, so that it fits no day."""


class SimulatedSite:
    """A site that answers its driver like a real one, driven by the times it is asked for.

    It has no clock. Asked for readings up to an instant, it simulates the intervals that have
    ended by then, with the commands that its devices hold. A command is for the interval of its
    instant and those after it, until it is replaced or `command_hold` has passed without a
    repeat; then the device releases it. An interval already simulated is never changed.
    """

    def __init__(self, settings: PlantSettings, load: SiteLoad, store: PlantStore) -> None:
        """Take up the saved plant, or begin at rest."""
        self._settings = settings
        self._load = load
        self._store = store
        self._devices = settings.devices()
        for fault in settings.faults:
            self._check_known(fault.resource_id)
        noise = np.random.default_rng(settings.seed).normal(size=NOISE_PERIOD)
        self._noise_kw = noise * settings.noise_ratio * float(load.net_kw.mean())
        self._step_s = load.step.total_seconds()
        self._hold_count = max(1, math.ceil(settings.command_hold / load.step))
        self._orders: dict[str, tuple[Order, int]] = {}
        self._actions: dict[str, Applied] = {}
        self._mean_reduction_kw = dict.fromkeys(self._devices, 0.0)
        self._live_index: int | None = None
        self._next_index = 0
        self._readings: list[float] = []
        self._saved_count = 0
        self._take_up()

    def _take_up(self) -> None:
        found = self._store.read()
        if found is None:
            return
        saved, readings = found
        self._live_index, self._next_index = saved.live_index, saved.next_index
        self._readings = readings
        self._saved_count = len(self._readings)
        for name, (reduction_kw, limit_kw, index) in saved.orders.items():
            limit = math.inf if limit_kw is None else limit_kw
            self._orders[name] = (Order(reduction_kw, limit), index)
        for name, memory in saved.devices.items():
            self._check_known(name)
            self._devices[name].recall(memory)
        self._mean_reduction_kw.update(saved.mean_reduction_kw)

    def _check_known(self, resource_id: str) -> None:
        if resource_id not in self._devices:
            raise InvalidInput(
                f"resource_id is {resource_id!r}, expected one of {sorted(self._devices)}",
                resource_id=resource_id,
            )

    @property
    def meter_begins_at(self) -> datetime:
        """Start of the oldest interval in the meter's memory, UTC."""
        return self._load.start

    def meter(self, since: datetime, until: datetime) -> npt.NDArray[np.float64]:
        """Return net power, kW, of the intervals from `since` on that have ended by `until`.

        Args:
            since: Start of the first interval wanted, UTC, on the grid.
            until: No interval that ends after this is returned, UTC.

        Returns:
            Mean net power per interval, kW, consumption positive; NaN where the meter has
            nothing. Shape (number of whole intervals between the two,).

        Raises:
            InvalidInput: `since` is not on the metering grid.
        """
        first, remainder = divmod(since - self._load.start, self._load.step)
        if remainder:
            raise InvalidInput(f"since {since} is not on the grid of {self._load.step}", since=str(since))
        end = (until - self._load.start) // self._load.step
        self._advance(end)
        live_index = self._next_index if self._live_index is None else self._live_index
        values = np.full(max(0, end - first), np.nan)
        for offset in range(len(values)):
            index = first + offset
            if index >= live_index:
                values[offset] = self._readings[index - live_index]
            elif index >= 0:
                values[offset] = self._natural_kw(index)
        return values

    def _natural_kw(self, index: int) -> float:
        natural_kw = self._load.net_kw[self._load.position(index)]
        return float(natural_kw + self._noise_kw[index % NOISE_PERIOD])

    def _advance(self, end: int) -> None:
        """Simulate the intervals before `end` that have not been simulated."""
        if self._live_index is None:  # what lies before the first question is history
            self._live_index = self._next_index = end
        while self._next_index < end:
            self._readings.append(self._simulated_kw(self._next_index))
            self._next_index += 1

    def _simulated_kw(self, index: int) -> float:
        position = self._load.position(index)
        net_kw = float(self._load.net_kw[position])
        it_kw = float(self._load.it_kw[position])
        cooling_kw = float(self._load.cooling_kw[position])
        start = self._load.start + index * self._load.step
        substep_count = math.ceil(self._step_s / SUBSTEP_S)
        substep_s = self._step_s / substep_count
        total_kw = 0.0
        for name, device in self._devices.items():
            order = self._order(name, index, start)
            change_kw = 0.0
            for substep in range(substep_count):
                at_s = start.timestamp() + substep * substep_s
                change_kw += device.step(order, Conditions(net_kw, it_kw, cooling_kw, at_s), substep_s)
            change_kw /= substep_count
            self._mean_reduction_kw[name] = -change_kw
            total_kw += change_kw
        return net_kw + total_kw + float(self._noise_kw[index % NOISE_PERIOD])

    def _order(self, name: str, index: int, start: datetime) -> Order:
        """Return what a device obeys in an interval."""
        order, given_index = self._orders.get(name, (RELEASED, index))
        if index - given_index >= self._hold_count or self._is_faulty(name, start):
            return RELEASED
        return order

    def _is_faulty(self, name: str, at: datetime) -> bool:
        return any(
            fault.resource_id == name and fault.start <= at < fault.end for fault in self._settings.faults
        )

    def command(self, at: datetime, setpoints: Mapping[str, Setpoint]) -> None:
        """Command the devices for the interval that holds `at`, and save the plant.

        Args:
            at: Instant of the command, UTC.
            setpoints: What each is to do, by resource id, kW; a device that is not named goes on.

        Raises:
            InvalidInput: A resource is unknown.
        """
        index = (at - self._load.start) // self._load.step
        self._advance(index)
        for name, setpoint in setpoints.items():
            self._check_known(name)
            self._orders[name] = (Order(setpoint.reduction_kw, setpoint.recovery_limit_kw), index)
            self._actions[name] = Applied(Outcome.APPLIED, at)
        self._save()

    def condition(self, resource_id: str, at: datetime) -> DeviceCondition:
        """Return whether a device is at fault, and what became of its newest setpoint.

        Args:
            resource_id: The device.
            at: Instant of the question, UTC.

        Raises:
            InvalidInput: The resource is unknown.
        """
        self._check_known(resource_id)
        is_faulty = self._is_faulty(resource_id, at)
        return DeviceCondition(
            health=Health.LOST if is_faulty else Health.OK,
            measured_at=at,
            last_action=self._actions.get(resource_id),
            detail="the device does not answer" if is_faulty else "",
        )

    def _save(self) -> None:
        live_index = self._next_index if self._live_index is None else self._live_index
        saved = SavedPlant(
            live_index=live_index,
            next_index=self._next_index,
            orders={
                name: (
                    order.reduction_kw,
                    None if math.isinf(order.recovery_limit_kw) else order.recovery_limit_kw,
                    index,
                )
                for name, (order, index) in self._orders.items()
            },
            devices={name: device.memory() for name, device in self._devices.items()},
            mean_reduction_kw=dict(self._mean_reduction_kw),
        )
        self._store.write(saved, self._readings, self._saved_count)
        self._saved_count = len(self._readings)

    def state(self, resource_id: str, at: datetime) -> dict[str, float]:
        """Return what a device's instruments show after the interval that ended last.

        Args:
            resource_id: The device.
            at: Instant of the question, UTC; decides whether the device is at fault.

        Returns:
            Quantities by name, units in the names. `reduction_kw` is the mean of the interval
            that ended last, negative while it recovers; `available` is 1 or 0.

        Raises:
            InvalidInput: The resource is unknown.
        """
        self._check_known(resource_id)
        position = self._load.position(max(0, self._next_index - 1))
        conditions = Conditions(
            net_kw=float(self._load.net_kw[position]),
            it_kw=float(self._load.it_kw[position]),
            cooling_kw=float(self._load.cooling_kw[position]),
            at_s=at.timestamp(),
        )
        reading = self._devices[resource_id].reading(conditions)
        reading["reduction_kw"] = self._mean_reduction_kw[resource_id]
        reading["available"] = 0.0 if self._is_faulty(resource_id, at) else 1.0
        return reading


def simulated_site(table: Mapping[str, object], folder: Path, metering_interval: timedelta) -> SimulatedSite:
    """Build the simulated site of a configuration.

    Args:
        table: The configuration's `[driver]` table.
        folder: Folder of the configuration; relative paths start there.
        metering_interval: The site's metering interval; the load file must have the same.

    Raises:
        InvalidInput: The table or the load file is wrong, or their intervals differ.
    """
    settings = plant_settings(table)
    load = read_load(folder / settings.load_file)
    if load.step != metering_interval:
        raise InvalidInput(
            f"load_file has intervals of {load.step}, expected the site's {metering_interval}",
            load_file=str(settings.load_file),
        )
    return SimulatedSite(settings, load, PlantStore(folder / settings.state_file))
