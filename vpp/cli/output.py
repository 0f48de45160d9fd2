"""What commands print: tables for people, JSON with stable keys for machines."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.type.interval_pb2 import Interval as WireInterval
from google.type.money_pb2 import Money as WireMoney
from rich.console import Console
from rich.table import Table

from vpp.cli.wire_values import instant_from_wire, money_from_wire

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON with stable keys instead of a table.")]

_KW_PER_MW = 1000.0


def to_json(value: Message | Sequence[Message] | dict[str, Any]) -> str:
    """Write messages as JSON: proto field names, zero values included, keys in order."""
    return json.dumps(_plain(value), indent=2, sort_keys=True, ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, Message):
        return MessageToDict(
            value, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(part) for part in value]
    return value


def show(
    as_json: bool,  # noqa: FBT001  the value of the --json option, passed on
    value: Message | Sequence[Message] | dict[str, Any],
    table: Table,
) -> None:
    """Print a value as JSON or its table."""
    if as_json:
        typer.echo(to_json(value))
    else:
        Console().print(table)


def make_table(title: str, *columns: str) -> Table:
    """Make an empty table; a column whose name begins with `>` is aligned right."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        right = column.startswith(">")
        table.add_column(column.removeprefix(">"), justify="right" if right else "left", overflow="fold")
    return table


def fields_table(title: str, rows: Sequence[tuple[str, str]]) -> Table:
    """Make a table of field and value."""
    table = make_table(title, "field", "value")
    for field, value in rows:
        table.add_row(field, value)
    return table


def power(power_kw: float) -> str:
    """Write a power with its unit.

    Example:
        >>> power(950.0), power(12_345.0)
        ('950 kW', '12.35 MW')
    """
    if abs(power_kw) >= _KW_PER_MW:
        return f"{power_kw / _KW_PER_MW:,.2f} MW"
    return f"{power_kw:,.0f} kW"


def power_range(powers_kw: Sequence[float]) -> str:
    """Write the powers of many intervals in one cell.

    Example:
        >>> power_range([500.0, 500.0]), power_range([500.0, 1500.0]), power_range([])
        ('500 kW', '500 kW to 1.50 MW', '-')
    """
    if not powers_kw:
        return "-"
    low, high = power(min(powers_kw)), power(max(powers_kw))
    return low if low == high else f"{low} to {high}"


def money(amount: WireMoney) -> str:
    """Write an amount with its currency, without idle zeros.

    Example:
        >>> money(WireMoney(currency_code="GBP", units=1250, nanos=500_000_000))
        '1,250.50 GBP'
    """
    if not amount.currency_code:
        return "-"
    value = money_from_wire(amount)
    digits = max(2, -int(value.amount.normalize().as_tuple().exponent))
    return f"{value.amount:,.{digits}f} {value.currency}"


def instant(value: datetime) -> str:
    """Write an instant to the minute.

    Example:
        >>> from datetime import UTC
        >>> instant(datetime(2026, 11, 24, 17, tzinfo=UTC))
        '2026-11-24 17:00Z'
    """
    return f"{value:%Y-%m-%d %H:%M}Z"


def delivery(interval: WireInterval) -> str:
    """Write a span; the end's date only if it is another day."""
    start, end = instant_from_wire(interval.start_time), instant_from_wire(interval.end_time)
    if start.date() == end.date():
        return f"{start:%Y-%m-%d %H:%M}-{end:%H:%M}Z"
    return f"{instant(start)} - {instant(end)}"


def state_name(enum_wrapper: Any, value: int) -> str:  # noqa: ANN401  enum wrappers of generated code share no type
    """Write a state without its prefix."""
    return str(enum_wrapper.Name(value)).removeprefix("STATE_").removeprefix("RUN_TYPE_")


def last_part(name: str) -> str:
    """Write the id of a full name.

    Example:
        >>> last_part("sites/north-1/resources/ups")
        'ups'
    """
    return name.rpartition("/")[2]
