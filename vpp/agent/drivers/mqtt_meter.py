"""A meter whose readings come over MQTT: it publishes, the driver keeps the newest."""

import json
import logging
import math
import ssl
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Self

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from pydantic import Field, model_validator

from vpp.agent.device_place import METER, DevicePlace
from vpp.agent.drivers.table import DriverTable, read_secret, read_table
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

LONGEST_PAYLOAD = 65_536
SMALLEST_MILLISECONDS = 1e11
"""A number of seconds since 1970 is below this, of milliseconds above, for times from 1973 to 5138."""
log = logging.getLogger(__name__)


class MqttMeterTable(DriverTable):
    """Where the readings come from.

    Attributes:
        host: The broker.
        port: Its port.
        topic: Topic of the meter; no wildcards, since two meters must not be taken for one.
        fields: Quantities by the key that holds each in the JSON message, dots for keys inside keys;
            empty where the message is the bare number of `quantity`.
        quantity: What a bare number is.
        scale: Every value is multiplied by this: 0.001 for a meter that publishes W, -1 for one that
            counts feeding in as positive (not for counters: name the one for the other).
        time_field: Key of the message's own time: RFC 3339 text, or seconds or milliseconds since
            1970; None to take the time of arrival.
        client_id: Name at the broker; None for one of the library's making.
        user: Name to sign in with; None for none.
        password_file: File that holds the password.
        password_environment: Environment variable that holds it instead.
        authority_file: Certificates of the authorities that may have signed the broker's.
        plaintext: Talk without TLS; only on a network of the devices' own.
        takes_retained: Whether a message that the broker had kept counts; its age is not known unless
            it carries its own time.
    """

    host: str = Field(min_length=1)
    port: int = Field(default=8883, ge=1, le=65535)
    topic: str = Field(min_length=1, pattern=r"^[^#+\x00]+$")
    fields: dict[str, str] = Field(default_factory=dict)
    quantity: str = "net_power_kw"
    scale: float = Field(default=1.0)
    time_field: str | None = None
    client_id: str | None = None
    user: str | None = None
    password_file: Path | None = None
    password_environment: str | None = None
    authority_file: Path | None = None
    plaintext: bool = False
    takes_retained: bool = False
    keepalive: Annotated[timedelta, Field(ge=timedelta(seconds=1), le=timedelta(hours=1))] = timedelta(
        seconds=30
    )

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if not math.isfinite(self.scale) or self.scale == 0.0:
            raise ValueError(f"scale is {self.scale}, expected a finite number other than 0")
        names = set(self.fields) or {self.quantity}
        if not names & {"net_power_kw", "import_kwh"}:
            raise ValueError("fields has neither net_power_kw nor import_kwh")
        if self.scale < 0.0 and names & {"import_kwh", "export_kwh"}:
            raise ValueError("scale is below 0, which would turn counters round: swap import and export")
        if self.takes_retained and self.time_field is None:
            raise ValueError("takes_retained needs time_field: a kept message may be of any age")
        return self


class MqttMeter:
    """A meter that publishes its readings (`Device`); it takes no commands."""

    def __init__(self, table: MqttMeterTable, place: DevicePlace) -> None:
        """Prepare the client; the first `read` connects."""
        self._table = table
        self._place = place
        self._arrived = threading.Condition()
        self._newest: Reading | None = None
        self._failure = "no message has come yet"
        self._is_started = False
        self._is_subscribed = False
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id=table.client_id or "", reconnect_on_failure=True
        )
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_subscribe = self._subscribed
        self._client.on_message = self._received
        secret = read_secret(
            place.folder, table.password_file, table.password_environment, f"{place.where}.password"
        )
        if table.user is not None:
            self._client.username_pw_set(table.user, None if secret is None else secret.get_secret_value())
        elif secret is not None:
            raise InvalidInput(f"{place.where}: a password is given and no user")
        if not table.plaintext:
            self._client.tls_set_context(_tls(table, place))

    def _connected(
        self,
        client: Client,
        _data: object,
        _flags: ConnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if code.is_failure:
            self._note(f"the broker refuses: {code}")
        else:
            client.subscribe(self._table.topic, qos=1)

    def _subscribed(
        self,
        _client: Client,
        _data: object,
        _number: int,
        codes: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        if any(code.is_failure for code in codes):
            self._note("the broker refuses the subscription")
            return
        with self._arrived:
            self._is_subscribed = True
            self._arrived.notify_all()

    def _disconnected(
        self,
        _client: Client,
        _data: object,
        _flags: DisconnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._note(f"the broker is gone: {code}")

    def _received(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        if message.retain and not self._table.takes_retained:
            return
        try:
            reading = self._reading(message.payload)
        except (DeviceError, InvalidInput) as error:
            self._note(str(error))
            return
        except Exception as error:
            # Whatever is in a message, the client's thread must not end by it: no other message would come.
            log.exception("%s: a message cannot be taken apart", self._place.resource_id)
            self._note(f"a message is nonsense: {type(error).__name__}")
            return
        now = self._place.clock.now()
        with self._arrived:
            newest = self._newest
            # One from ahead of a clock that was set back makes room for those of now.
            if newest is None or not reading.measured_at < newest.measured_at <= now:
                self._newest = reading
            self._failure = ""
            self._arrived.notify_all()

    def _note(self, failure: str) -> None:
        with self._arrived:
            is_new = failure != self._failure
            self._failure = failure
            self._arrived.notify_all()
        if is_new:
            log.warning("%s: %s", self._place.resource_id, failure)

    def _reading(self, payload: bytes | bytearray) -> Reading:
        """Take a message apart; nothing in it is guessed."""
        if len(payload) > LONGEST_PAYLOAD:
            raise DeviceError(f"a message of {len(payload)} bytes is no reading")
        try:
            content = json.loads(payload)
        except (ValueError, RecursionError) as error:
            raise DeviceError("a message is not JSON") from error
        table = self._table
        fields = table.fields or {table.quantity: ""}
        quantities = {name: _number(content, key) * table.scale for name, key in fields.items()}
        measured_at = self._place.clock.now()
        if table.time_field is not None:
            measured_at = min(_time(content, table.time_field), measured_at)
        return Reading(measured_at, quantities)

    def read(self) -> Reading:
        """Return the newest reading; its age is judged by the site.

        Raises:
            DeviceError: No message has come since the start, or the newest was nonsense.
        """
        if not self._is_started:
            self._start()
        with self._arrived:
            if self._newest is None or self._failure:
                raise DeviceError(self._failure)
            return self._newest

    def wait_for_subscription(self, seconds: float) -> bool:
        """Wait until the broker has taken the subscription, s of the machine; whether it has in time."""
        with self._arrived:
            return self._arrived.wait_for(lambda: self._is_subscribed, seconds)

    def wait_for_failure(self, said: str, seconds: float) -> bool:
        """Wait until something has gone wrong whose words hold a text; whether it has in time."""
        with self._arrived:
            return self._arrived.wait_for(lambda: said in self._failure, seconds)

    def wait_for_message(self, seconds: float) -> bool:
        """Wait until a message has come, s of the machine; whether one has in time."""
        with self._arrived:
            return self._arrived.wait_for(lambda: self._newest is not None, seconds)

    def _start(self) -> None:
        """Connect in the client's own thread, and again whenever the broker goes away."""
        table = self._table
        self._client.connect_async(table.host, table.port, keepalive=round(table.keepalive.total_seconds()))
        if self._client.loop_start() is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise DeviceError("the client cannot be started")
        self._is_started = True

    def apply(self, setpoint: Setpoint) -> Applied:  # noqa: ARG002  the Device protocol
        """Refuse: a meter takes no commands."""
        return Applied(Outcome.FAILED, self._place.clock.now(), "a meter takes no commands")

    def release(self) -> Applied:
        """Do nothing: a meter holds no command."""
        return Applied(Outcome.UNCHANGED, self._place.clock.now())

    def health(self) -> DeviceCondition:
        """Return whether the broker and the newest message are in order."""
        with self._arrived:
            failure, newest = self._failure, self._newest
        measured_at = None if newest is None else newest.measured_at
        return DeviceCondition(Health.LOST if failure else Health.OK, measured_at, detail=failure)

    def close(self) -> None:
        """Leave the broker and end the client's thread."""
        if self._is_started:
            self._client.disconnect()
            self._client.loop_stop()
            self._is_started = False


def _tls(table: MqttMeterTable, place: DevicePlace) -> ssl.SSLContext:
    path = None if table.authority_file is None else place.folder / table.authority_file
    try:
        return ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise InvalidInput(f"{place.where}.authority_file {path} cannot be used: {error}") from error


def _found(content: Any, key: str) -> Any:  # noqa: ANN401  JSON
    for part in key.split(".") if key else ():
        if not isinstance(content, Mapping) or part not in content:
            raise DeviceError(f"a message lacks {key}")
        content = content[part]
    return content


def _number(content: Any, key: str) -> float:  # noqa: ANN401  JSON
    value = _found(content, key)
    number = math.nan
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:  # JSON's whole numbers have no end
            number = math.inf
    if not math.isfinite(number):
        raise DeviceError(f"{key or 'a message'} is {str(value)[:40]!r}, expected a finite number")
    return number


def _time(content: Any, key: str) -> datetime:  # noqa: ANN401  JSON
    value = _found(content, key)
    try:
        if isinstance(value, str):
            at = datetime.fromisoformat(value)
            if at.tzinfo is None:
                raise DeviceError(f"{key} is {value!r}, expected a time with its offset")
            return at.astimezone(UTC)
        seconds = _number(content, key)
        return datetime.fromtimestamp(seconds / 1000.0 if seconds >= SMALLEST_MILLISECONDS else seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise DeviceError(f"{key} is {str(value)[:40]!r}, expected a time") from error


def device_of(table: Mapping[str, object], place: DevicePlace) -> MqttMeter:
    """Build the meter that a table describes.

    Raises:
        InvalidInput: A key is unknown, missing or wrong, or it is meant to take commands.
    """
    if place.kind != METER:
        raise InvalidInput(f"{place.where}: mqtt_meter is a meter and takes no commands")
    return MqttMeter(read_table(MqttMeterTable, table, place.where), place)
