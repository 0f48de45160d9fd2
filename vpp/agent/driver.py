"""What the agent needs of a site: a meter and devices that take commands."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from vpp.foundation.device_terms import DeviceCondition, Setpoint


class SiteDriver(Protocol):
    """Connects the agent to one site's meter and devices.

    Drivers are synchronous and quick: they read and write registers or files, and leave slow
    buses to a task of their own. Devices must hold a command for a few metering intervals and
    then release it by themselves, so that a dead agent cannot keep a site curtailed.
    """

    @property
    def meter_begins_at(self) -> datetime:
        """Start of the oldest interval that the meter remembers, UTC."""
        ...

    def meter(self, since: datetime, until: datetime) -> npt.NDArray[np.float64]:
        """Return mean net power per metering interval, kW, consumption positive.

        Args:
            since: Start of the first interval wanted, UTC, on the metering grid.
            until: No interval that ends after this is returned, UTC.

        Returns:
            One value per whole interval between the two; NaN where the meter has none.
        """
        ...

    def command(self, at: datetime, setpoints: Mapping[str, Setpoint]) -> None:
        """Command devices for the metering interval that holds `at`, by absolute values.

        Args:
            at: Instant of the command, UTC.
            setpoints: What each is to do, by resource id, kW at the point of connection. What
                becomes of it is told by `condition`, at once or a little later.
        """
        ...

    def condition(self, resource_id: str, at: datetime) -> DeviceCondition:
        """Return how a device is: whether it answers, complains, and did what it was told.

        Args:
            resource_id: The device.
            at: Instant of the question, UTC; decides what is stale.
        """
        ...

    def state(self, resource_id: str, at: datetime) -> Mapping[str, float]:
        """Return what a device's instruments show.

        Returns:
            Quantities by name. Every device gives `reduction_kw` (mean of the interval that
            ended last, negative while it recovers) and `available` (1 or 0). Beside them
            battery: `state_of_charge_ratio`; ups: `state_of_charge_ratio`, `it_load_kw`;
            chiller: `inlet_temperature_celsius`, `inlet_setpoint_celsius`, `it_load_kw`,
            `condenser_celsius`; deferrable load: `batch_load_kw`, `backlog_kwh`,
            `backlog_due_s`; other kinds: see their units. With a live meter, `recent_reduction_kw` too.
        """
        ...


@runtime_checkable
class LiveMeter(Protocol):
    """What a driver adds whose meter is read more often than once per metering interval.

    With it a site may be steered at `site.control_interval`.
    """

    def recent_kw(self, since: datetime, until: datetime) -> float | None:
        """Return mean net power over a span that need not lie on the metering grid, kW.

        Returns:
            Consumption positive; None where the meter has nothing for most of the span.
        """
        ...


@runtime_checkable
class ClosingDriver(Protocol):
    """What a driver adds that holds threads or connections."""

    def close(self) -> None:
        """Let them go, after giving devices back where the configuration says so."""
        ...
