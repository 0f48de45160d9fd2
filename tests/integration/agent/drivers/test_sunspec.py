"""The SunSpec driver against registers encoded by the published models and served over Modbus TCP."""

import contextlib
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.driver_place import place_for
from support.modbus_peer import Fault
from support.sunspec_peer import Content, SunSpecPeer

from vpp.agent.device import Device
from vpp.agent.driver_tables import device_of
from vpp.agent.drivers.checked_socket import CheckedSocket
from vpp.foundation.clock import stopwatch_s
from vpp.foundation.device_terms import DeviceError, Health, Outcome, Setpoint

POWER: Content = {"ID": 701, "ACType": 2, "W": 500, "W_SF": 2, "Alrm": 0}
COMMAND: Content = {"ID": 704, "WSetEna": 0, "WSetMod": 0, "WSet": 0, "WSet_SF": 1, "WSetRvrtTms": 0}
STORAGE: Content = {"ID": 713, "SoC": 655, "Pct_SF": -1, "Sta": 0}
BATTERY: Content = {"ID": 802, "SoC": 425, "SoC_SF": -1, "Evt1": 0}
INVERTER: Content = {"ID": 103, "W": -200, "W_SF": 2}
RATES: Content = {
    "ID": 124,
    "WChaMax": 1000,
    "WChaMax_SF": 2,
    "StorCtl_Mod": 0,
    "OutWRte": 0,
    "InWRte": 0,
    "InOutWRte_SF": -2,
    "InOutWRte_RvrtTms": 0,
    "ChaState": 80,
    "ChaState_SF": 0,
}
METER: Content = {
    "ID": 203, "W": 1234, "W_SF": 2, "TotWhImp": 5_000_000, "TotWhExp": 1000, "TotWh_SF": 0
}  # fmt: skip
LIMITS = {"max_reduction_kw": 100.0, "max_increase_kw": 50.0}


@contextmanager
def served(*models: Content, kind: str = "battery", **table: object) -> Iterator[tuple[SunSpecPeer, Device]]:
    with SunSpecPeer(*models) as peer:
        own = {"host": "127.0.0.1", "port": peer.port, "timeout": 5.0, **table}
        if kind != "meter":
            own = {"limits": LIMITS, **own}
        made = device_of("sunspec", own, place_for(Path(), kind=kind))
        yield peer, made
        made.close()


def test_a_battery_is_read_by_its_models() -> None:
    with served(POWER, COMMAND, STORAGE) as (peer, battery):
        assert battery.read().quantities == {"reduction_kw": 50.0, "state_of_charge_ratio": 0.655}
        asked = peer.request_count
        peer.show(701, W=-300)
        peer.show(713, SoC=700)
        assert battery.read().quantities == {"reduction_kw": -30.0, "state_of_charge_ratio": 0.7}
        assert peer.request_count - asked < asked, "what models it has is asked once"


def test_alarms_have_the_names_of_the_models_and_warnings_are_none() -> None:
    with served(POWER, COMMAND, STORAGE) as (peer, battery):
        peer.show(701, Alrm=1 << 7 | 1)
        assert battery.read().alarms == ("ground_fault", "over_temp")
        assert battery.health().health is Health.ALARM
        peer.show(701, Alrm=0)
        peer.show(713, Sta=1)
        assert battery.read().alarms == ()
        peer.show(713, Sta=2)
        assert battery.read().alarms == ("storage_error",)


def test_a_setpoint_is_in_watts_with_its_reversion_timer() -> None:
    with served(POWER, COMMAND, STORAGE) as (peer, battery):
        assert battery.apply(Setpoint(reduction_kw=55.5)).outcome is Outcome.APPLIED
        held = peer.model(704).points
        assert (held["WSetEna"].value, held["WSetMod"].value) == (1, 1)
        assert (held["WSet"].cvalue, held["WSetRvrtTms"].value) == (55_500, 900)
        assert battery.apply(Setpoint(reduction_kw=55.5)).outcome is Outcome.UNCHANGED
        assert battery.apply(Setpoint(increase_kw=20.0)).outcome is Outcome.APPLIED
        assert peer.model(704).points["WSet"].cvalue == -20_000
        assert battery.release().outcome is Outcome.APPLIED
        assert peer.model(704).points["WSetEna"].value == 0
        assert battery.release().outcome is Outcome.UNCHANGED


def test_an_older_battery_is_commanded_by_shares_of_its_power() -> None:
    with served(INVERTER, RATES) as (peer, battery):
        assert battery.read().quantities == {"reduction_kw": -20.0, "state_of_charge_ratio": 0.8}
        assert battery.apply(Setpoint(reduction_kw=30.0)).outcome is Outcome.APPLIED
        held = peer.model(124).points
        assert (held["StorCtl_Mod"].value, held["OutWRte"].cvalue, held["InWRte"].cvalue) == (3, 30.0, -30.0)
        assert held["InOutWRte_RvrtTms"].value == 900
        assert battery.release().outcome is Outcome.APPLIED
        assert peer.model(124).points["StorCtl_Mod"].value == 0


def test_a_battery_without_a_reversion_timer_is_not_commanded_unless_the_site_accepts_it() -> None:
    timeless = {key: value for key, value in COMMAND.items() if key != "WSetRvrtTms"}
    with served(POWER, timeless, STORAGE) as (peer, battery):
        assert battery.apply(Setpoint(reduction_kw=10.0)).outcome is Outcome.FAILED
        assert peer.model(704).points["WSetEna"].value == 0
    with served(POWER, timeless, STORAGE, without_watchdog=True) as (peer, battery):
        assert battery.apply(Setpoint(reduction_kw=10.0)).outcome is Outcome.APPLIED
        assert peer.model(704).points["WSetEna"].value == 1


def test_a_reversion_leads_to_its_own_control_and_must_be_held() -> None:
    with served(POWER, COMMAND | {"WSetEnaRvrt": 1, "WSetRvrt": 5000}, STORAGE) as (peer, battery):
        assert battery.apply(Setpoint(reduction_kw=10.0)).outcome is Outcome.APPLIED
        assert peer.model(704).points["WSetEnaRvrt"].value == 0
        peer.written = lambda *_: peer.show(704, WSetRvrtTms=0)  # it takes the setpoint, and no time
        applied = battery.apply(Setpoint(reduction_kw=20.0))
        assert (applied.outcome, "for ever" in applied.detail) == (Outcome.FAILED, True)


def test_a_setpoint_of_before_never_acts_again() -> None:
    acting: list[float] = []
    for command, told, switch, on, power in (
        (COMMAND | {"WSet": -5000}, 704, "WSetEna", 1, "WSet"),
        (RATES | {"OutWRte": -5000}, 124, "StorCtl_Mod", 3, "OutWRte"),
    ):
        with served(POWER, command, STORAGE) as (peer, battery):

            def act(
                *_: object,
                peer: SunSpecPeer = peer,
                told: int = told,
                names: tuple[str, str] = (switch, power),
                on: int = on,
            ) -> None:
                points = peer.model(told).points
                if points[names[0]].value == on:
                    acting.append(points[names[1]].value)

            peer.written = act
            assert battery.apply(Setpoint(reduction_kw=30.0)).outcome is Outcome.APPLIED
            assert battery.apply(Setpoint(reduction_kw=30.0)).outcome is Outcome.UNCHANGED
    assert len(acting) > 2, "what is said again is written again: it starts the reversion timer anew"
    assert min(acting) > 0.0


def test_half_a_command_by_shares_has_failed() -> None:
    with served(INVERTER, RATES) as (peer, battery):
        peer.written = lambda *_: peer.show(124, InWRte=0)
        assert battery.apply(Setpoint(reduction_kw=30.0)).outcome is Outcome.FAILED


def test_a_battery_of_model_802_tells_charge_and_alarms() -> None:
    with served(POWER, COMMAND, BATTERY) as (peer, battery):
        assert battery.read().quantities["state_of_charge_ratio"] == pytest.approx(0.425)
        peer.show(802, Evt1=1 << 21 | 1 << 2)  # a fan's error, and a warning
        assert battery.read().alarms == ("fan_error",)


def test_a_device_that_confirms_and_forgets_has_failed() -> None:
    with served(POWER, COMMAND, STORAGE) as (peer, battery):
        battery.read()
        peer.fault = "deaf"
        assert battery.apply(Setpoint(reduction_kw=20.0)).outcome is Outcome.FAILED


@pytest.mark.parametrize("fault", ["silent", "garbage", "busy"])
def test_a_device_that_does_not_answer_is_asked_for_its_models_again(fault: Fault) -> None:
    with served(POWER, COMMAND, STORAGE, timeout=0.3) as (peer, battery):
        peer.fault = fault
        with pytest.raises(DeviceError):
            battery.read()
        peer.fault = None
        battery.close()
        assert battery.read().quantities["reduction_kw"] == 50.0


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda answer: answer[:1] + bytes([answer[1] ^ 1]) + answer[2:], id="another number"),
        pytest.param(lambda answer: answer[:6] + bytes([answer[6] ^ 1]) + answer[7:], id="another unit"),
        pytest.param(lambda answer: answer[:7] + bytes([answer[7] ^ 1]) + answer[8:], id="another function"),
        pytest.param(
            lambda answer: answer[:4] + bytes([0, answer[5] - 2]) + answer[6:-2], id="a register less"
        ),
    ],
)
def test_an_answer_to_something_else_is_none(change: Callable[[bytes], bytes]) -> None:
    with served(POWER, COMMAND, STORAGE) as (peer, battery):
        battery.read()
        peer.garble, peer.fault = change, "garbage"
        with pytest.raises(DeviceError, match="does not answer"):
            battery.read()
        peer.fault = None
        assert battery.read().quantities["reduction_kw"] == 50.0


def test_an_answer_that_drips_is_given_up_in_time() -> None:
    ours, theirs = socket.socketpair()
    ended = threading.Event()

    def drip() -> None:
        with contextlib.suppress(OSError):
            number = theirs.recv(100)[:2]
            for byte in number + bytes([0, 0, 0, 253, 1, 3]) + bytes(250):
                theirs.send(bytes([byte]))
                ended.wait(0.05)

    with ours, theirs:
        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        checked = CheckedSocket(ours, 2.0)
        checked.sendall(struct.pack(">HHHBBHH", 0, 0, 6, 1, 3, 0, 125))
        began_s = stopwatch_s()
        assert checked.recv(9)[:2] == b"\0\1", "the head is the request's"
        with pytest.raises(TimeoutError):
            deque(iter(lambda: checked.recv(1), b""), maxlen=0)
        assert stopwatch_s() - began_s < 10.0, "it would drip for 13 s"
        ended.set()
        thread.join(10)


def test_a_meter_shows_power_and_counters() -> None:
    with served(METER, kind="meter") as (_, meter):
        assert meter.read().quantities == {
            "net_power_kw": pytest.approx(123.4),
            "import_kwh": 5000.0,
            "export_kwh": 1.0,
        }
    with served(METER, kind="meter", reads_counters=False, import_sign=-1) as (_, meter):
        assert meter.read().quantities == {"net_power_kw": pytest.approx(-123.4)}


def test_models_that_a_garbled_answer_hid_are_found_again() -> None:
    with served(POWER, COMMAND, STORAGE) as (peer, battery):
        kept = dict(peer.holding)
        peer.holding[2], peer.holding[3] = 0xFFFF, 0  # the chain of models ends before it has begun
        with pytest.raises(DeviceError, match="shows no power"):
            battery.read()
        peer.holding.update(kept)
        assert battery.read().quantities["reduction_kw"] == 50.0


def test_a_device_without_the_models_is_told() -> None:
    with served(STORAGE) as (_, battery), pytest.raises(DeviceError, match="shows no power"):
        battery.read()
    with served(POWER, kind="meter") as (_, meter), pytest.raises(DeviceError, match="no meter model"):
        meter.read()
    with served(POWER) as (_, battery), pytest.raises(DeviceError, match="no model 704 or 124"):
        battery.apply(Setpoint(reduction_kw=1.0))
