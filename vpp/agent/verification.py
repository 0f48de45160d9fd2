"""Whether a delivery is the hub's, for this site, and fresh: asked before anything of it is kept."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from google.protobuf.message import DecodeError

from vpp.agent.settings import AgentSettings
from vpp.agent.wire import instant
from vpp.foundation.command_keys import is_signed_by, read_verify_keys
from vpp.foundation.errors import InvalidInput, NotAuthenticated
from vpp.v1.session_pb2 import Delivery


class Verification:
    """Opens deliveries, and refuses those that cannot be trusted.

    With keys, a delivery must be signed by one of them, for this site, under the sequence it came
    with, and not long ago. So a recording has no effect: one of another site names that site, one
    under another sequence does not match it, one that the journal knows is a repeat, and one that
    the journal has lost is too old. Without keys signatures are not looked at, so that a hub can
    begin to sign before all its agents have been given the key.

    What is refused is neither kept nor acknowledged. It stays owed: the hub sends it again, freshly
    signed, so damage on the way heals by itself. Where it does not, because the key is wrong, later
    deliveries pass beside the gap if they are sound, the acknowledgement stays below it, and the
    instruction in it expires at the hub unanswered, which operators see.

    Attributes:
        refused_count: Deliveries refused since the agent started.
    """

    def __init__(
        self,
        site_name: str,
        keys: Mapping[str, Ed25519PublicKey] | None,
        longest_age: timedelta,
        machine_time: Callable[[datetime], datetime],
    ) -> None:
        """Take what is trusted.

        Args:
            site_name: `sites/{site}`.
            keys: The hub's public keys by id; None to trust the connection alone.
            longest_age: Largest difference between the site's clock and a delivery's issue time, in
                the machine's time.
            machine_time: Turns the clock's instants into the machine's.
        """
        self._site_name = site_name
        self._keys = keys
        self._longest_age = longest_age
        self._machine_time = machine_time
        self.refused_count = 0

    def opened(self, delivery: Delivery, now: datetime) -> Delivery:
        """Return a delivery as the hub wrote it.

        Args:
            delivery: As it came.
            now: Present instant, UTC.

        Raises:
            NotAuthenticated: It is not signed as it must be, is another site's, does not fit its
                sequence, or was signed too long ago.
        """
        try:
            return self._opened(delivery, now)
        except NotAuthenticated:
            self.refused_count += 1
            raise

    def _opened(self, delivery: Delivery, now: datetime) -> Delivery:
        is_signed = delivery.WhichOneof("content") == "signed_delivery"
        if self._keys is not None:
            self._check_signature(delivery, is_signed=is_signed)
        inner = _inner(delivery) if is_signed else delivery
        if inner.sequence != delivery.sequence or inner.WhichOneof("content") == "signed_delivery":
            raise NotAuthenticated(
                f"delivery {delivery.sequence} holds one of sequence {inner.sequence}, expected the same, "
                "signed once"
            )
        if inner.site != self._site_name and (inner.site or is_signed):
            raise NotAuthenticated(
                f"delivery {delivery.sequence} is for {inner.site or 'no site'}, expected {self._site_name}"
            )
        if self._keys is not None:
            self._check_age(inner, now)
        return inner

    def _check_signature(self, delivery: Delivery, *, is_signed: bool) -> None:
        signed = delivery.signed_delivery
        if not is_signed:
            raise NotAuthenticated(f"delivery {delivery.sequence} is not signed, expected a signature")
        if self._keys is not None and signed.key_id not in self._keys:
            known = ", ".join(sorted(self._keys))
            raise NotAuthenticated(
                f"delivery {delivery.sequence} is signed by key {signed.key_id[:64]!r}, expected {known}"
            )
        if not is_signed_by(self._keys or {}, signed.key_id, signed.delivery, signed.signature):
            raise NotAuthenticated(
                f"delivery {delivery.sequence} is not what key {signed.key_id} signed, expected its signature"
            )

    def _check_age(self, delivery: Delivery, now: datetime) -> None:
        try:
            issued_at = instant(delivery.issue_time)
        except InvalidInput as error:
            raise NotAuthenticated(f"delivery {delivery.sequence}: issue_time: {error}") from error
        age = self._machine_time(now) - self._machine_time(issued_at)
        if abs(age) > self._longest_age:
            raise NotAuthenticated(
                f"delivery {delivery.sequence} was issued at {issued_at.isoformat()}, {age} before the "
                f"site's clock, expected at most {self._longest_age} apart"
            )


def _inner(delivery: Delivery) -> Delivery:
    try:
        return Delivery.FromString(delivery.signed_delivery.delivery)
    except DecodeError as error:
        raise NotAuthenticated(f"delivery {delivery.sequence} holds bytes that are no delivery") from error


def verification_of(settings: AgentSettings, machine_time: Callable[[datetime], datetime]) -> Verification:
    """Build a site's verification from its configuration.

    Raises:
        InvalidInput: The key file cannot be read, or holds no Ed25519 public key.
    """
    hub, keys = settings.hub, None
    if hub.verify_key_file is not None:
        path = settings.folder / hub.verify_key_file
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InvalidInput(f"hub.verify_key_file {path} cannot be read: {error.strerror}") from error
        keys = read_verify_keys(content, f"hub.verify_key_file {path}")
    return Verification(settings.site_name, keys, hub.longest_delivery_age, machine_time)
