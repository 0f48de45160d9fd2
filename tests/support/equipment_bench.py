"""A site with a real Modbus peer: a battery with physics of its own and the meter that sees it."""

import struct
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from support.driver_place import NOON
from support.modbus_peer import ModbusPeer

from vpp.agent.equipment import EquipmentSite, equipment_site
from vpp.agent.settings import AgentSettings
from vpp.foundation.clock import ManualClock
from vpp.simulator.battery import Battery, BatteryPlant
from vpp.simulator.device import RELEASED, Conditions, Order

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
STEP = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
WAIT_S = 20.0
LOAD_KW = 500.0


class BatteryAndMeter:
    """Registers of `example_battery.toml` and `example_meter.toml`, fed by physics on a clock.

    Attributes:
        peer: The server.
        load_kw: What the site draws without the battery.
    """

    def __init__(self, peer: ModbusPeer, clock: ManualClock) -> None:
        self.peer = peer
        self.load_kw = LOAD_KW
        self._clock = clock
        self._battery = Battery(BatteryPlant(capacity_kwh=400.0, power_kw=150.0, recharge_kw=60.0))
        self._at = clock.now()
        self._power_kw = 0.0
        self._is_enabled = False
        self._told_at = self._at
        self._hold_s = 0
        self._import_kwh, self._export_kwh = 1000.0, 0.0
        peer.before, peer.written = self._show, self._told
        peer.set_holding(200, [0, 0])
        peer.set_holding(204, [0])
        self._show()

    def _told(self, address: int, values: list[int]) -> None:
        self._advance()
        if address == 200:
            (count,) = struct.unpack(">i", struct.pack(">2H", *values))
            self._power_kw, self._told_at = count / 10.0, self._clock.now()
        elif address == 204:
            self._is_enabled = values == [1]
        elif address == 205:
            self._hold_s = values[0]

    def _advance(self) -> None:
        now = self._clock.now()
        while self._at < now:
            span = min(now - self._at, SECOND)
            if self._is_enabled and self._at - self._told_at >= self._hold_s * SECOND:
                self._is_enabled = False  # its own watchdog
                self.peer.set_holding(204, [0])
            order = Order(max(0.0, self._power_kw), 0.0, max(0.0, -self._power_kw))
            conditions = Conditions(self.load_kw, 0.0, 0.0, self._at.timestamp())
            self.change_kw = self._battery.step(
                order if self._is_enabled else RELEASED, conditions, span.total_seconds()
            )
            energy_kwh = (self.load_kw + self.change_kw) * (span / timedelta(hours=1))
            self._import_kwh += max(0.0, energy_kwh)
            self._export_kwh += max(0.0, -energy_kwh)
            self._at += span

    change_kw = 0.0

    def _show(self) -> None:
        self._advance()
        charge = self._battery.reading(Conditions(self.load_kw, 0.0, 0.0, 0.0))["state_of_charge_ratio"]
        self.peer.set_input(100, [round(charge * 1000)])
        self.peer.set_input(102, _words(">i", round(-self.change_kw * 10)))
        self.peer.set_input(106, [250, 0])
        self.peer.set_input(0, _words(">f", self.load_kw + self.change_kw))
        self.peer.set_input(2, _words(">I", round(self._import_kwh * 100)))
        self.peer.set_input(4, _words(">I", round(self._export_kwh * 100)))


def _words(form: str, value: float) -> list[int]:
    return list(struct.unpack(">2H", struct.pack(form, value)))


def bench_settings(
    folder: Path,
    port: int,
    timeout_s: float = 5.0,
    **driver: Any,  # noqa: ANN401  a TOML value
) -> AgentSettings:
    """Return the example site with one battery and one meter on one Modbus peer."""
    document = tomllib.loads((CONFIGS / "site.toml").read_text())
    document["site"]["metering_interval"] = "PT1M"
    document["resources"] = {"battery": {"bess": document["resources"]["battery"]["bess"]}}
    peer = {
        "kind": "modbus",
        "host": "127.0.0.1",
        "port": port,
        "timeout": timeout_s,
        "poll_interval": "PT0.02S",
    }
    registers = CONFIGS / "registers"
    document["driver"] = {
        "kind": "equipment",
        "state_folder": "state",
        "command_hold": "PT5M",
        "meters": {"grid": {**peer, "registers": str(registers / "example_meter.toml"), "attempt_count": 1}},
        "devices": {
            "bess": {
                **peer,
                "registers": str(registers / "example_battery.toml"),
                "limits": {"max_reduction_kw": 150.0, "recharge_kw": 60.0},
                "attempt_count": 1,
            }
        },
        **driver,
    }
    return AgentSettings.model_validate({**document, "folder": folder})


class Bench:
    """A site on a manual clock that goes on in steps, each device being read after each."""

    def __init__(self, site: EquipmentSite, clock: ManualClock) -> None:
        self.site = site
        self.clock = clock

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def settle(self) -> None:
        """Let every device be gone round to twice: whatever was begun is over, and read after it."""
        assert self.site.wait_for_rounds(2, WAIT_S)

    def settle_until(self, is_so: Callable[[], bool]) -> None:
        """Let the devices be gone round to until something is so."""
        for _ in range(100):
            if is_so():
                return
            self.settle()
        raise AssertionError("it never came to be")

    def go_on(self, seconds: int, by: int = 5) -> None:
        """Move the clock, with a reading at least every few seconds."""
        for _ in range(0, seconds, by):
            self.clock.advance_to(self.now + by * SECOND)
            self.settle()


def started(settings: AgentSettings, clock: ManualClock) -> Bench:
    site = equipment_site(settings, clock)
    site.start(WAIT_S)
    return Bench(site, clock)


def manual_clock() -> ManualClock:
    return ManualClock(NOON.astimezone(UTC))
