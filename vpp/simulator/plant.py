"""A simulated site: natural load plus the physics of its devices, behind the agent's driver seam."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vpp.foundation.device_terms import Applied, DeviceCondition, Setpoint
from vpp.foundation.errors import InvalidInput
from vpp.simulator.chance import bell
from vpp.simulator.device import RELEASED, Conditions, Order, order_of
from vpp.simulator.faults import GARBAGE, METER, OBEYING, Fault, condition_of, fault_of, outcome_of
from vpp.simulator.limit_watch import LimitWatch
from vpp.simulator.plant_state import PlantHistory, PlantStore, SavedPlant
from vpp.simulator.settings import PlantSettings, plant_settings
from vpp.simulator.site_load import SiteLoad, read_load

NOISE_PERIOD = 8191
"""Length of the meter's noise before it repeats; a prime, so that it fits no day."""
DAY_S = 86_400.0


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
            if fault.resource_id != METER:
                self._check_known(fault.resource_id)
        errors = {name: bell(settings.seed, f"{name}/instrument", 0) for name in self._devices}
        self._gains = {name: 1.0 + settings.instrument_error_ratio * error for name, error in errors.items()}
        self._faults: dict[str, list[Fault]] = {}
        for fault in settings.faults:
            self._faults.setdefault(fault.resource_id, []).append(fault)
        self._frozen: dict[str, dict[str, float]] = {}
        self._true_kw: list[float] = []
        self._watch = LimitWatch()
        noise = np.random.default_rng(settings.seed).normal(size=NOISE_PERIOD)
        self._noise_kw = noise * settings.noise_ratio * float(load.net_kw.mean())
        self._step_s = load.step.total_seconds()
        self._hold_count = max(1, math.ceil(settings.command_hold / load.step))
        self._orders: dict[str, tuple[Order, int]] = {}
        self._actions: dict[str, Applied] = {}
        self._mean_reduction_kw = dict.fromkeys(self._devices, 0.0)
        self._live_index: int | None = None
        self._next_index = 0
        self._history = PlantHistory(reductions_kw={name: [] for name in self._devices})
        self._saved_count = 0
        self._take_up()

    def _take_up(self) -> None:
        found = self._store.read()
        if found is None:
            return
        saved, history = found
        self._live_index, self._next_index = saved.live_index, saved.next_index
        self._history = PlantHistory(
            history.readings_kw, {name: history.reductions_kw.get(name, []) for name in self._devices}
        )
        self._saved_count = len(history.readings_kw)
        self._true_kw = [math.nan] * self._saved_count
        for name, (reduction_kw, limit_kw, index, increase_kw) in saved.orders.items():
            limit = math.inf if limit_kw is None else limit_kw
            self._orders[name] = (Order(reduction_kw, limit, increase_kw), index)
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
                values[offset] = self._history.readings_kw[index - live_index]
            elif index >= 0:
                values[offset] = self._natural_kw(index)
        return values

    def _natural_kw(self, index: int) -> float:
        return self._shown_kw(index, self._load_kw(index))

    def _load_kw(self, index: int) -> float:
        """Return what the site would draw from the grid without any command, kW."""
        natural_kw = float(self._load.net_kw[self._load.position(index)])
        roof = self._settings.photovoltaics
        if roof is None:
            return natural_kw
        return natural_kw - roof.power_kw(self._load.start + (index + 0.5) * self._load.step)

    def _shown_kw(self, index: int, true_kw: float) -> float:
        """Return what the meter makes of a power, kW; NaN while it gives nothing."""
        at = self._load.start + index * self._load.step
        fault = self._fault(METER, at)
        if fault is not None:
            return GARBAGE if fault.kind == "garbage" else math.nan
        days = (index - (self._live_index or index)) * self._step_s / DAY_S
        return self._settings.meter.shown_kw(true_kw, days) + float(self._noise_kw[index % NOISE_PERIOD])

    def natural_kw(self, since: datetime, until: datetime) -> npt.NDArray[np.float64]:
        """Return what the site would have drawn without commands, kW, as no meter can show it."""
        first, end = ((instant - self._load.start) // self._load.step for instant in (since, until))
        return np.array([self._load_kw(index) for index in range(first, end)], dtype=np.float64)

    def true_kw(self, since: datetime, until: datetime) -> npt.NDArray[np.float64]:
        """Return net power as a perfect meter would show it, kW; NaN before the present process.

        Args:
            since: Start of the first interval, UTC.
            until: No interval that ends after this is returned, UTC.
        """
        first, end = ((instant - self._load.start) // self._load.step for instant in (since, until))
        self._advance(end)
        live_index = self._next_index if self._live_index is None else self._live_index
        return np.array(
            [
                self._true_kw[index - live_index] if index >= live_index else self._load_kw(index)
                for index in range(first, end)
            ],
            dtype=np.float64,
        )

    def true_reduction_kw(self, resource_id: str) -> float:
        """Return what a device truly did in the interval that ended last, kW; negative if it recovered."""
        self._check_known(resource_id)
        return self._mean_reduction_kw[resource_id]

    def margins(self) -> dict[str, float]:
        """Return the smallest distance to each hard limit, by `resource/limit`; below 0 it was broken."""
        return {
            **{
                f"{name}/{limit}": margin
                for name, device in self._devices.items()
                for limit, margin in device.margins().items()
            },
            **self._watch.margins,
        }

    def _advance(self, end: int) -> None:
        """Simulate the intervals before `end` that have not been simulated."""
        if self._live_index is None:  # what lies before the first question is history
            self._live_index = self._next_index = end
        while self._next_index < end:
            self._history.readings_kw.append(self._simulated_kw(self._next_index))
            self._next_index += 1

    def _simulated_kw(self, index: int) -> float:
        position = self._load.position(index)
        net_kw = self._load_kw(index)
        it_kw = float(self._load.it_kw[position])
        cooling_kw = float(self._load.cooling_kw[position])
        start = self._load.start + index * self._load.step
        substep_count = math.ceil(self._step_s / self._settings.substep_s)
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
            self._history.reductions_kw[name].append(-change_kw)
            total_kw += change_kw
        true_kw = net_kw + total_kw
        self._true_kw.append(true_kw)
        limit_kw = self._settings.import_limit_kw
        if limit_kw is not None and total_kw > 0.0:  # more than the site would have drawn anyway
            self._watch.note("site/import_kw", limit_kw - true_kw)
        return self._shown_kw(index, true_kw)

    def _order(self, name: str, index: int, start: datetime) -> Order:
        """Return what a device obeys in an interval."""
        order, given_index = self._orders.get(name, (RELEASED, index))
        fault = self._fault(name, start)
        if index - given_index >= self._hold_count or not (fault is None or fault.kind in OBEYING):
            return RELEASED
        return order

    def _fault(self, name: str, at: datetime) -> Fault | None:
        return fault_of(self._faults.get(name, ()), name, at)

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
            fault = self._fault(name, at)
            self._actions[name] = outcome_of(fault, at)
            if fault is not None and fault.kind in {"failing", "lost"}:
                continue  # it never took the command
            self._orders[name] = (order_of(setpoint), index)
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
        device = self._devices[resource_id]
        return condition_of(self._fault(resource_id, at), at, self._actions.get(resource_id), device.alarms())

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
                    order.increase_kw,
                )
                for name, (order, index) in self._orders.items()
            },
            devices={name: device.memory() for name, device in self._devices.items()},
            mean_reduction_kw=dict(self._mean_reduction_kw),
        )
        self._store.write(saved, self._history, self._saved_count)
        self._saved_count = len(self._history.readings_kw)

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
            net_kw=self._load_kw(max(0, self._next_index - 1)),
            it_kw=float(self._load.it_kw[position]),
            cooling_kw=float(self._load.cooling_kw[position]),
            at_s=at.timestamp(),
        )
        fault = self._fault(resource_id, at)
        kind = None if fault is None else fault.kind
        reading = self._devices[resource_id].reading(conditions)
        if kind == "garbage":
            reading = dict.fromkeys(reading, GARBAGE)
        elif kind == "stale":
            reading = self._frozen.setdefault(resource_id, reading)
        else:
            self._frozen.pop(resource_id, None)
            order, _ = self._orders.get(resource_id, (RELEASED, 0))
            shown_kw = self._mean_reduction_kw[resource_id]
            reading["reduction_kw"] = (
                order.reduction_kw if kind == "lying" else self._seen(resource_id, shown_kw)
            )
        is_out = kind in {"lost", "alarming"} or bool(self._devices[resource_id].alarms())
        return {**reading, "available": 0.0 if is_out else 1.0}

    def _seen(self, name: str, true_kw: float) -> float:
        """Return what a device's own instrument makes of its power, kW."""
        noise_ratio = self._settings.instrument_noise_ratio
        noise = bell(self._settings.seed, f"{name}/noise", self._next_index) if noise_ratio > 0.0 else 0.0
        return true_kw * (self._gains[name] + noise_ratio * noise)


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
