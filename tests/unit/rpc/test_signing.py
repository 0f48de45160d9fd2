from datetime import UTC, datetime

from vpp.foundation.command_keys import is_signed_by, new_key_pair, read_signing_key, read_verify_keys
from vpp.rpc.signing import DeliverySigner
from vpp.rpc.wire.time_fields import timestamp
from vpp.v1.session_pb2 import Cancellation, Delivery


def test_a_signed_delivery_holds_the_sequence_and_signed_bytes_alone() -> None:
    private, public = new_key_pair()
    delivery = Delivery(
        sequence=7,
        site="sites/a",
        issue_time=timestamp(datetime(2026, 3, 4, tzinfo=UTC)),
        cancellation=Cancellation(instruction="instructions/x", event="events/x", modification_number=1),
        trace_parent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    signed = DeliverySigner(read_signing_key(private, "key")).signed(delivery)
    outside = Delivery()
    outside.CopyFrom(signed)
    outside.ClearField("signed_delivery")
    assert outside == Delivery(sequence=7)
    inner = signed.signed_delivery
    assert Delivery.FromString(inner.delivery) == delivery
    assert is_signed_by(read_verify_keys(public, "p"), inner.key_id, inner.delivery, inner.signature)
