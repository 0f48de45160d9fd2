"""Signs what sites are told, so that nothing between hub and agent can change or make up a command."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vpp.foundation.command_keys import key_id, sign_delivery
from vpp.v1.session_pb2 import Delivery, SignedDelivery


class DeliverySigner:
    """Signs deliveries with one Ed25519 key.

    A signature is made when a message is written for the wire, not when it is owed: the issue time
    inside is what lets an agent tell a fresh delivery from a recording, so a delivery that is sent
    again is signed again.

    Attributes:
        key_id: Names the key to agents.
    """

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Take the private key."""
        self._key = key
        self.key_id = key_id(key.public_key())

    def signed(self, delivery: Delivery) -> Delivery:
        """Wrap a delivery.

        Args:
            delivery: With sequence, site, issue time and content.

        Returns:
            A delivery of the same sequence that holds the given one as signed bytes and nothing else.
        """
        content = delivery.SerializeToString(deterministic=True)
        return Delivery(
            sequence=delivery.sequence,
            signed_delivery=SignedDelivery(
                delivery=content, signature=sign_delivery(self._key, content), key_id=self.key_id
            ),
        )
