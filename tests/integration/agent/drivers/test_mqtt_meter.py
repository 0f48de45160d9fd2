"""The MQTT meter against a real broker on loopback."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from support.driver_place import SetClock, place_for
from support.mqtt_broker import mqtt_broker

from vpp.agent.drivers.mqtt_meter import MqttMeter, device_of
from vpp.foundation.clock import ManualClock
from vpp.foundation.device_terms import DeviceError, Health, Outcome, Setpoint
from vpp.foundation.errors import InvalidInput

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOPIC = "site/main/power"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with mqtt_broker() as number:
        yield number


@pytest.fixture
def publisher(port: int) -> Iterator[Client]:
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    yield client
    client.disconnect()
    client.loop_stop()


def meter(tmp_path: Path, port: int, **changes: object) -> MqttMeter:
    table = {"host": "127.0.0.1", "port": port, "topic": TOPIC, "plaintext": True} | changes
    return device_of(table, place_for(tmp_path, kind="meter", clock=ManualClock(NOON)))


def told(device: MqttMeter, publisher: Client, topic: str, payload: object, *, retain: bool = False) -> None:
    """Let the meter subscribe, publish, and wait until it has heard."""
    with pytest.raises(DeviceError, match="no message"):
        device.read()
    assert device.wait_for_subscription(10)
    content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    publisher.publish(topic, content, qos=1, retain=retain).wait_for_publish(10)


def until(is_so: Callable[[], bool]) -> None:
    for _ in range(1000):
        if is_so():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never came to be")


def test_a_published_power_is_read(tmp_path: Path, port: int, publisher: Client) -> None:
    device = meter(tmp_path, port, fields={"net_power_kw": "total.watts"}, scale=0.001, time_field="at")
    measured_at = NOON - timedelta(seconds=3)
    told(device, publisher, TOPIC, {"total": {"watts": 812_500}, "at": measured_at.isoformat()})
    assert device.wait_for_message(10)
    reading = device.read()
    assert (reading.measured_at, reading.quantities) == (measured_at, {"net_power_kw": 812.5})
    assert device.health().health is Health.OK
    assert device.apply(Setpoint(1.0)).outcome is Outcome.FAILED
    assert device.release().outcome is Outcome.UNCHANGED
    device.close()


def test_a_bare_number_counts_and_a_time_ahead_of_the_sites_is_taken_for_now(
    tmp_path: Path, port: int, publisher: Client
) -> None:
    device = meter(tmp_path, port, topic="bare")
    told(device, publisher, "bare", b"-12.5")
    assert device.wait_for_message(10)
    assert device.read().quantities == {"net_power_kw": -12.5}
    device.close()
    ahead = meter(tmp_path, port, topic="ahead", fields={"net_power_kw": "kw"}, time_field="ms")
    told(ahead, publisher, "ahead", {"kw": 1.0, "ms": (NOON + timedelta(hours=1)).timestamp() * 1000.0})
    assert ahead.wait_for_message(10)
    assert ahead.read().measured_at == NOON
    ahead.close()


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b"hello", "not JSON"),
        ({"kw": "12"}, "expected a finite number"),
        ({"kw": True}, "expected a finite number"),
        ({"power": 3.0}, "lacks kw"),
        (b'{"kw": NaN}', "expected a finite number"),
        (b"x" * 70_000, "70000 bytes"),
        (b"[" * 60_000, "not JSON"),
        (b'{"kw": ' + b"9" * 400 + b"}", "expected a finite number"),
    ],
)
def test_garbage_is_no_reading(
    tmp_path: Path, port: int, publisher: Client, payload: object, said: str
) -> None:
    topic = f"garbage/{tmp_path.name}"
    device = meter(tmp_path, port, topic=topic, fields={"net_power_kw": "kw"})
    told(device, publisher, topic, payload)
    assert device.wait_for_failure(said, 10)
    with pytest.raises(DeviceError, match=said):
        device.read()
    assert device.health().health is Health.LOST
    publisher.publish(topic, b'{"kw": 5.0}', qos=1).wait_for_publish(10)
    assert device.wait_for_message(10), "one bad message keeps no good one out"
    assert device.read().quantities == {"net_power_kw": 5.0}
    device.close()


def test_a_clock_that_is_set_back_stops_no_readings(tmp_path: Path, port: int, publisher: Client) -> None:
    clock = SetClock(NOON)
    table = {"host": "127.0.0.1", "port": port, "topic": "back", "plaintext": True}
    device = device_of(table, place_for(tmp_path, kind="meter", clock=clock))
    told(device, publisher, "back", b"1.0")
    assert device.wait_for_message(10)
    clock.set_to(NOON - timedelta(hours=1))
    publisher.publish("back", b"2.0", qos=1).wait_for_publish(10)
    until(lambda: device.read().quantities == {"net_power_kw": 2.0})
    assert device.read().measured_at == NOON - timedelta(hours=1)
    device.close()


def test_what_the_broker_had_kept_is_of_unknown_age(tmp_path: Path, port: int, publisher: Client) -> None:
    publisher.publish("kept", b"7.0", qos=1, retain=True).wait_for_publish(10)
    device = meter(tmp_path, port, topic="kept")
    told(device, publisher, "kept", b"8.0")  # a fresh one, after the kept one
    assert device.wait_for_message(10)
    assert device.read().quantities == {"net_power_kw": 8.0}
    device.close()


def test_a_broker_that_is_not_there(tmp_path: Path) -> None:
    device = meter(tmp_path, 9)
    with pytest.raises(DeviceError, match="no message"):
        device.read()
    device.close()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"topic": "site/#"}, "topic"),
        ({"scale": 0.0}, "scale is 0"),
        ({"fields": {"power_kw": "p"}}, "neither net_power_kw nor import_kwh"),
        ({"fields": {"import_kwh": "e"}, "scale": -1.0}, "turn counters round"),
        ({"takes_retained": True}, "needs time_field"),
        ({"password_file": "absent"}, "cannot be read"),
        ({"plaintext": False, "authority_file": "absent.pem"}, "authority_file"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        meter(tmp_path, 1883, **changes)
    with pytest.raises(InvalidInput, match="is a meter"):
        device_of({"host": "h", "topic": "t"}, place_for(tmp_path, kind="battery"))
