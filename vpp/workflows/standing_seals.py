"""Whether a standing bid, which no gate ever opens, is still as it was sealed."""

from vpp.workflows.records import BidRecord


def standing_fault(record: BidRecord) -> str | None:
    """Say why a standing bid is not to be called; None where it is as it was sealed.

    A standing bid is in the clear at no time, and what opens under a key of the hub's was sealed with it,
    beside this commitment: whoever can write to the database alone can make neither.
    """
    if record.covered is not None:
        return record.covered.fault or "its content is not shown to whoever asks"
    if record.seal is None or record.seal.is_open:
        return "it stands in the clear, as no standing bid does"
    return None
