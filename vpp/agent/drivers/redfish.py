"""Servers behind Redfish: their power is read, and capped within what the site allows.

    P_i          measured power of server i, kW at the computers (PowerConsumedWatts or PowerWatts)
    R_i          its power before any cap, remembered when the first cap is set
    reduction    (1 + k) * sum(R_i - P_i) over servers at their caps, at the point of connection
    cap_i        max(floor_i, R_i * (1 - cut)), the same cut for all; servers at their floor leave the rest to
                 the others

Caps that the servers have of the site's own, against overloaded circuits for example, are remembered before
the first command, never exceeded, and put back by a release.

A cap above what a server draws changes nothing. So what is told is measured power against power before,
never cap against rating, and a cap that did nothing shows as no reduction.

Source: DMTF Redfish, schemas Power v1 (PowerControl/PowerLimit) and EnvironmentMetrics v1
(PowerLimitWatts). k is the overhead that follows IT power (`vpp.flexibility.measurement_boundary`).
"""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import httpx
from pydantic import Field

from vpp.agent.device_place import METER, DevicePlace
from vpp.agent.drivers.http_peer import FIRST_ERROR, HttpLogin, asked, client_of, got
from vpp.agent.drivers.table import read_table
from vpp.foundation.device_terms import (
    Applied,
    DeviceCondition,
    DeviceError,
    Health,
    Outcome,
    Reading,
    Setpoint,
)
from vpp.foundation.errors import InvalidInput

WATTS_PER_KW = 1000.0
LEAST_CHANGE_KW = 1e-6
BINDING_RATIO = 0.9
"""A server that draws less than this share of its cap is idle of its own accord, and not capped by it."""
UNKNOWN_CAPS = "caps of the servers' own are not known: all are left until its memory is removed"
log = logging.getLogger(__name__)


class RedfishTable(HttpLogin):
    """Servers behind one Redfish service.

    Attributes:
        chassis: Ids of the chassis whose power is capped together.
        control: Where the limit is: `power` for PowerControl of the older schema, `environment_metrics`.
        floor_watts: Least cap of one chassis; no cap goes below.
        overhead_slope_ratio: Overhead that follows IT power, kW per kW.
        has_own_caps: Whether the site sets caps of its own on these servers. They are put back by a release;
            where it is not known what they were, because the memory is lost, the caps found are left. Without
            them every cap is the driver's, and taken off.
        without_watchdog: Accepts that the servers keep a cap if this machine dies: Redfish has no
            command that ends by itself.
    """

    chassis: tuple[str, ...] = Field(min_length=1)
    control: Literal["power", "environment_metrics"] = "environment_metrics"
    floor_watts: float = Field(gt=0, le=1_000_000)
    overhead_slope_ratio: float = Field(ge=0, le=2)
    has_own_caps: bool
    without_watchdog: Literal[True]


@dataclass(frozen=True, slots=True)
class _Server:
    """What one chassis shows.

    Attributes:
        watts: Measured power.
        cap_watts: Cap in force; None for none.
        etag: Guards a change against overwriting another's.
        is_failing: Whether it reports critical health.
    """

    watts: float
    cap_watts: float | None
    etag: str
    is_failing: bool


class RedfishDevice:
    """Servers whose power is capped together (`Device`)."""

    def __init__(self, table: RedfishTable, place: DevicePlace, client: httpx.Client) -> None:
        """Take up what was remembered: the servers' power and caps before the first command."""
        self._table = table
        self._place = place
        self._client = client
        self._before_watts: dict[str, float] = {}
        self._own_caps: dict[str, float | None] = {}
        self._is_memory_lost = False
        self._failure = "has not been read yet"
        self._recall()

    def _recall(self) -> None:
        """Take up what was remembered; a memory that cannot be read must not keep the site from starting."""
        try:
            kept = self._place.memory.recall()
            before, own = kept.get("before_watts", {}), kept.get("own_caps", {})
            names = self._table.chassis
            self._before_watts = {name: float(before[name]) for name in names if name in before}  # type: ignore[index, operator]  # as below
            self._own_caps = {
                name: None if own[name] is None else float(own[name])  # type: ignore[index]  # as below
                for name in names
                if name in own  # type: ignore[operator]  # anything else ends below, as a TypeError
            }
        except (InvalidInput, TypeError, ValueError) as error:
            log.exception("%s: what was capped is not known any more", self._place.resource_id)
            self._failure = f"its memory is lost: {type(error).__name__}"
            self._is_memory_lost = True

    @property
    def _caps_are_unknown(self) -> bool:
        return self._is_memory_lost and self._table.has_own_caps

    def _own_cap(self, name: str, server: _Server) -> float | None:
        """Return the cap that a server has without the driver, W; None for none."""
        if name in self._own_caps:
            return self._own_caps[name]
        return server.cap_watts if self._table.has_own_caps else None

    def read(self) -> Reading:
        """Read every server's power, and the power that the caps save.

        Raises:
            DeviceError: A server does not answer, or its answer makes no sense.
        """
        servers = self._servers()
        watts = math.fsum(server.watts for server in servers.values())
        saved_watts = math.fsum(self._saved_watts(name, server) for name, server in servers.items())
        slope = 1.0 + self._table.overhead_slope_ratio
        failing_count = sum(server.is_failing for server in servers.values())
        alarms = (
            (f"{failing_count} of {len(servers)} servers report critical health",) if failing_count else ()
        )
        quantities = {
            "reduction_kw": slope * saved_watts / WATTS_PER_KW,
            "batch_load_kw": slope * (watts + saved_watts) / WATTS_PER_KW,
            "it_load_kw": watts / WATTS_PER_KW,
            "capped_count": float(sum(server.cap_watts is not None for server in servers.values())),
        }
        return Reading(self._place.clock.now(), quantities, alarms)

    def _saved_watts(self, name: str, server: _Server) -> float:
        """Return what a cap saves: nothing where the server draws less of its own accord."""
        cap_watts = server.cap_watts
        if cap_watts is None or cap_watts == self._own_cap(name, server):
            return 0.0
        if server.watts < BINDING_RATIO * cap_watts:
            return 0.0
        return self._before_watts.get(name, server.watts) - server.watts

    def apply(self, setpoint: Setpoint) -> Applied:
        """Cap the servers so that they draw less by the reduction; none is asked to draw more.

        Raises:
            DeviceError: A server does not answer: what became of the command is not known.
        """
        now = self._place.clock.now()
        if setpoint.increase_kw > 0.0:
            return Applied(Outcome.FAILED, now, "a power cap cannot raise consumption")
        if setpoint.reduction_kw <= LEAST_CHANGE_KW:
            return self.release()
        if self._caps_are_unknown:
            return Applied(Outcome.FAILED, now, UNKNOWN_CAPS)
        servers = self._servers()
        self._note_before(servers)
        wanted_watts = setpoint.reduction_kw * WATTS_PER_KW / (1.0 + self._table.overhead_slope_ratio)
        caps = {
            name: min(cap, math.inf if (own := self._own_caps[name]) is None else own)
            for name, cap in caps_watts(self._before_watts, wanted_watts, self._table.floor_watts).items()
        }
        refused = [name for name, cap in caps.items() if not self._capped(name, servers[name], cap)]
        if refused:
            return Applied(Outcome.FAILED, now, f"{len(refused)} of {len(caps)} servers refused the cap")
        reached_watts = math.fsum(self._before_watts[name] - cap for name, cap in caps.items())
        if reached_watts < wanted_watts * (1.0 - 1e-6) - len(caps):  # caps are whole watts
            return Applied(Outcome.FAILED, now, "the caps' floors are reached before the reduction is")
        # That a cap is set is not that it saves anything: the readings to come will tell.
        return Applied(Outcome.PENDING, now, "caps set")

    def _note_before(self, servers: Mapping[str, _Server]) -> None:
        """Remember power and caps of servers that are about to be capped, before they are."""
        own = {name: self._own_cap(name, server) for name, server in servers.items()}
        before = {
            name: server.watts
            if server.cap_watts in {None, own[name]}
            else self._before_watts.get(name, server.watts)
            for name, server in servers.items()
        }
        if (before, own) != (self._before_watts, self._own_caps):
            self._place.memory.remember({"before_watts": before, "own_caps": own})
            self._before_watts, self._own_caps = before, own

    def release(self) -> Applied:
        """Take every cap of the driver's off, and put back those that the servers had before.

        Raises:
            DeviceError: A server does not answer: what became of the command is not known.
        """
        now = self._place.clock.now()
        servers = self._servers()
        own = {name: self._own_cap(name, server) for name, server in servers.items()}
        refused = [name for name, server in servers.items() if not self._capped(name, server, own[name])]
        if refused:
            return Applied(Outcome.FAILED, now, f"{len(refused)} of {len(servers)} servers kept their cap")
        was_capped = any(server.cap_watts != own[name] for name, server in servers.items())
        if self._caps_are_unknown:
            return Applied(Outcome.FAILED, now, UNKNOWN_CAPS)
        self._before_watts, self._own_caps, self._is_memory_lost = {}, {}, False
        try:
            self._place.memory.remember({})
        except OSError:  # the servers are free all the same; the next start frees them once more
            log.exception("%s: that no cap is set cannot be kept", self._place.resource_id)
        return Applied(Outcome.APPLIED if was_capped else Outcome.UNCHANGED, now)

    def _capped(self, name: str, server: _Server, cap_watts: float | None) -> bool:
        """Set or take off one cap, and read it back; whether the server shows it."""
        if server.cap_watts == cap_watts:
            return True
        if self._table.control == "power":
            body: dict[str, Any] = {"PowerControl": [{"PowerLimit": {"LimitInWatts": cap_watts}}]}
        elif cap_watts is None:
            body = {"PowerLimitWatts": {"ControlMode": "Disabled"}}
        else:
            body = {"PowerLimitWatts": {"ControlMode": "Automatic", "SetPoint": cap_watts}}
        response = self._patched(name, server.etag, body)
        if response.status_code == httpx.codes.PRECONDITION_FAILED:
            # The tag of some services changes with every reading: once more with the newest.
            response = self._patched(name, self._server(name).etag, body)
        if response.status_code >= FIRST_ERROR:
            log.warning("%s: %s answers %d to a cap", self._place.resource_id, name, response.status_code)
            return False
        return self._server(name).cap_watts == cap_watts

    def _patched(self, name: str, etag: str, body: dict[str, Any]) -> httpx.Response:
        return asked(self._client, "PATCH", self._path(name), body, {"If-Match": etag} if etag else None)

    def _path(self, name: str) -> str:
        last = "Power" if self._table.control == "power" else "EnvironmentMetrics"
        return f"/redfish/v1/Chassis/{name}/{last}"

    def _servers(self) -> dict[str, _Server]:
        try:
            servers = {name: self._server(name) for name in self._table.chassis}
        except DeviceError as error:
            self._failure = str(error)
            raise
        self._failure = ""
        return servers

    def _server(self, name: str) -> _Server:
        content = got(self._client, self._path(name))
        try:
            if self._table.control == "power":
                control = content["PowerControl"][0]
                watts, cap_watts = (
                    control["PowerConsumedWatts"],
                    control.get("PowerLimit", {}).get("LimitInWatts"),
                )
                status = control.get("Status", {})
            else:
                limit = content.get("PowerLimitWatts", {})
                watts = content["PowerWatts"]["Reading"]
                cap_watts = None if limit.get("ControlMode") == "Disabled" else limit.get("SetPoint")
                status = content.get("Status", {})
            server = _Server(
                watts=float(watts),
                cap_watts=None if cap_watts is None else float(cap_watts),
                etag=str(content.get("@odata.etag", "")),
                is_failing=status.get("Health") == "Critical",
            )
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise DeviceError(f"a server's answer lacks {error}") from error
        for watts in (server.watts, 0.0 if server.cap_watts is None else server.cap_watts):
            if not math.isfinite(watts) or watts < 0.0:
                raise DeviceError(f"a server shows {watts} W")
        return server

    def health(self) -> DeviceCondition:
        """Return whether the servers answered last."""
        return DeviceCondition(Health.LOST if self._failure else Health.OK, detail=self._failure)

    def close(self) -> None:
        """Close the connections; caps stay."""
        self._client.close()


def caps_watts(
    before_watts: Mapping[str, float], wanted_watts: float, floor_watts: float
) -> dict[str, float]:
    """Share a cut over servers: the same share of each, but no cap below the floor.

    Args:
        before_watts: Power of each server before any cap, W.
        wanted_watts: What all together are to draw less, W, 0 or more.
        floor_watts: Least cap of a server, W; a server that draws less is left alone.

    Returns:
        Cap of each server that is capped, whole watts.

    Example:
        >>> caps_watts({"a": 1000.0, "b": 500.0}, 300.0, 450.0)
        {'a': 750.0, 'b': 450.0}
    """
    free = {name: watts for name, watts in before_watts.items() if watts > floor_watts}
    caps: dict[str, float] = {}
    left_watts = min(wanted_watts, math.fsum(watts - floor_watts for watts in free.values()))
    # Servers that the common share would take below their floor stay at it; the others take the rest.
    for name in sorted(free, key=lambda name: (free[name], name)):
        remaining = math.fsum(free[other] for other in free if other not in caps)
        cut_ratio = left_watts / remaining if remaining > 0.0 else 0.0
        cap = math.floor(free[name] * (1.0 - cut_ratio) + 1e-6)
        caps[name] = float(max(math.ceil(floor_watts), cap))
        left_watts = max(0.0, left_watts - (free[name] - caps[name]))
    return {name: caps[name] for name in before_watts if name in caps}


def device_of(table: Mapping[str, object], place: DevicePlace) -> RedfishDevice:
    """Build the device that a table describes.

    Raises:
        InvalidInput: A key is unknown, missing or wrong.
    """
    if place.kind == METER:
        raise InvalidInput(f"{place.where}: redfish measures servers, not a site's net power")
    settings = read_table(RedfishTable, table, place.where)
    return RedfishDevice(
        settings, place, client_of(settings, place, auth=settings.basic_authentication(place))
    )
