"""Events, instructions and live reports, laid out for the terminal."""

from collections.abc import Sequence

from google.protobuf.duration_pb2 import Duration
from rich.progress_bar import ProgressBar
from rich.table import Table

from vpp.cli.desk.directions import moved
from vpp.cli.output import (
    delivery,
    fields_table,
    last_part,
    make_table,
    money,
    state_name,
)
from vpp.v1 import event_pb2 as wire


def purpose_name(value: wire.Event.Purpose.ValueType) -> str:
    """Return why an event calls sites, as people read it.

    Example:
        >>> purpose_name(wire.Event.PURPOSE_DRY_RUN)
        'dry run'
    """
    return wire.Event.Purpose.Name(value).removeprefix("PURPOSE_").lower().replace("_", " ")


def event_table(event: wire.Event) -> Table:
    """Lay out one event."""
    is_bought = event.purpose in {wire.Event.PURPOSE_MARKET, wire.Event.PURPOSE_UNSPECIFIED}
    rows = [
        ("purpose", purpose_name(event.purpose)),
        ("state", state_name(wire.Event.State, event.state)),
        ("product", event.product),
        ("zone", event.zone),
        ("delivery", delivery(event.delivery_interval)),
        ("target", moved(event.target_reduction_kw, event.direction)),
        ("awarded" if is_bought else "ordered", moved(event.awarded_reduction_kw, event.direction)),
        *([("cap per MWh", money(event.cap_price_per_mwh))] if is_bought else []),
        ("modification", str(event.modification_number)),
    ]
    if event.sites:
        rows.append(("sites", ", ".join(last_part(site) for site in event.sites)))
    if event.failure_reason:
        rows.append(("failed because", event.failure_reason))
    return fields_table(f"Event {last_part(event.name)}", rows)


def instruction_table(instructions: Sequence[wire.Instruction]) -> Table:
    """Lay out an event's instructions, one row each; a superseded one shows what the site had answered."""
    has_offsets = any(
        each.HasField("start_offset") or each.HasField("release_offset") for each in instructions
    )
    offset_columns = [">begins after", ">lets go after"] if has_offsets else []
    table = make_table(
        "Instructions", "site", "state", "answer", ">target", *offset_columns, "reason", "in words"
    )
    for instruction in instructions:
        offsets = [_seconds(instruction.start_offset), _seconds(instruction.release_offset)]
        reason = wire.Instruction.Reason.Name(instruction.reason).removeprefix("REASON_")
        table.add_row(
            last_part(instruction.site),
            state_name(wire.Instruction.State, instruction.state),
            state_name(wire.Instruction.State, instruction.answer) if instruction.answer else "",
            moved(instruction.target_reduction_kw, instruction.direction),
            *(offsets if has_offsets else []),
            "" if reason == "UNSPECIFIED" else reason,
            instruction.reason_detail,
        )
    return table


def _seconds(offset: Duration) -> str:
    return f"{offset.ToTimedelta().total_seconds():,.0f} s"


def delivered_bar(delivered: float, target: float, *, width: int = 40) -> ProgressBar:
    """Draw what is delivered as a share of the target; more than all of it is a full bar."""
    return ProgressBar(
        total=max(target, 1e-9), completed=min(max(delivered, 0.0), max(target, 1e-9)), width=width
    )
