"""Changes of products on the wire."""

from vpp.foundation.names import name
from vpp.portfolio.product_diff import changed_fields
from vpp.rpc.wire.time_fields import timestamp
from vpp.v1 import product_change_pb2 as pb
from vpp.workflows.viewing_product_changes import ShownChange


def change_message(shown: ShownChange) -> pb.ProductChange:
    """Write a change with what it changes."""
    stored, before = shown
    change = stored.value
    differences = () if before is None else changed_fields(before, change.profile)
    return pb.ProductChange(
        name=name("productChanges", change.change_id),
        product=name("products", change.profile.product_id),
        version_number=change.profile.version,
        from_version_number=change.from_version,
        document_json=change.profile.model_dump_json(),
        reason=change.reason,
        state=pb.ProductChange.State.Value(f"STATE_{change.state.name}"),
        proposed_by=change.proposed_by,
        decided_by=change.decided_by,
        create_time=timestamp(stored.created_at),
        decide_time=None if change.decided_at is None else timestamp(change.decided_at),
        differences=[
            pb.ProductChange.Difference(field=field, before=was, after=now) for field, was, now in differences
        ],
    )
