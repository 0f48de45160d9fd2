"""What `vpp settle` takes on its command line, turned into values."""

import enum
import re
from typing import Annotated

import typer

from vpp.v1 import settlement_pb2 as wire

PERIOD = "YYYY-MM"
_PERIOD = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")

Period = Annotated[str, typer.Option("--period", help="Only of this settlement period.", metavar=PERIOD)]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of", help="As it was known at this instant, UTC; the present if absent.", metavar="TIME"
    ),
]


class RunKind(enum.Enum):
    """Why a run is made."""

    INITIAL = "initial"
    RECALC = "recalc"
    FINAL = "final"
    ADJUSTMENT = "adjustment"

    @property
    def wire_value(self) -> wire.Statement.RunType.ValueType:
        """Its number on the wire."""
        return wire.Statement.RunType.Value(f"RUN_TYPE_{self.name}")


def period_option(text: str) -> str:
    """Check a settlement period.

    Raises:
        BadParameter: It is no month.

    Example:
        >>> period_option("2026-03")
        '2026-03'
    """
    if not _PERIOD.fullmatch(text):
        raise typer.BadParameter(f"--period {text!r} is no month, expected {PERIOD} such as 2026-03")
    return text
