"""What an operator asks beside a target, as it is typed."""

import enum
import json
from pathlib import Path
from typing import Annotated

import typer
from google.protobuf.json_format import ParseDict, ParseError

from vpp.v1 import buyer_pb2 as wire


class UniformPriceChoice(enum.Enum):
    """Which uniform price is published."""

    FIXED_BINARIES = "fixed-binaries"
    CONVEX_HULL = "convex-hull"


class TieChoice(enum.Enum):
    """Who serves when several ask the same."""

    PRICE_TIME = "price-time"
    PRO_RATA = "pro-rata"


TermsFile = Annotated[
    Path | None,
    typer.Option(
        "--terms",
        help="Everything the buyer asks, as JSON of vpp.v1.BuyerTerms; the options below overrule it.",
        exists=True,
        dir_okay=False,
    ),
]
ExactTarget = Annotated[bool, typer.Option("--exact-target", help="Buy no more than the target.")]
MarginRatio = Annotated[
    float | None, typer.Option(min=0.0, help="Bought beyond the target against failed delivery, a share.")
]
LossReserve = Annotated[
    bool, typer.Option("--loss-reserve", help="Meet the target even if the largest site fails.")
]
MinSites = Annotated[int | None, typer.Option(min=0, help="At least so many sites must serve.")]
StartRampKw = Annotated[
    float | None, typer.Option("--max-start-ramp-kw", min=0.0, help="Largest rise between intervals, kW.")
]
ReleaseRampKw = Annotated[
    float | None, typer.Option("--max-release-ramp-kw", min=0.0, help="Largest fall between intervals, kW.")
]
ZoneReductionKw = Annotated[
    float | None, typer.Option("--max-reduction-kw", min=0.0, help="Most the zone may reduce, kW.")
]
ZoneReboundKw = Annotated[
    float | None, typer.Option("--max-rebound-kw", min=0.0, help="Most the zone may rebound, kW.")
]
UniformPrice = Annotated[
    UniformPriceChoice | None, typer.Option(help="Which uniform price is published; the hub's own if absent.")
]
Ties = Annotated[
    TieChoice | None, typer.Option(help="Who serves when several ask the same; the hub's own if absent.")
]


def terms_from_file(path: Path | None) -> wire.BuyerTerms:
    """Read a buyer's terms; without a file, nothing is asked.

    Raises:
        BadParameter: The file is no JSON of `vpp.v1.BuyerTerms`.
    """
    if path is None:
        return wire.BuyerTerms()
    try:
        return ParseDict(json.loads(path.read_text(encoding="utf-8")), wire.BuyerTerms())
    except (OSError, ValueError, ParseError) as error:
        raise typer.BadParameter(f"--terms {path} is no JSON of vpp.v1.BuyerTerms: {error}") from error


def limit_zone(
    terms: wire.BuyerTerms, zone: str, *, max_reduction_kw: float | None, max_rebound_kw: float | None
) -> None:
    """Set the limits of a zone for every interval; None leaves one as it is."""
    if max_reduction_kw is None and max_rebound_kw is None:
        return
    limits = [limit for limit in terms.zone_limits if limit.zone == zone]
    limit = limits[0] if limits else terms.zone_limits.add(zone=zone)
    if max_reduction_kw is not None:
        limit.max_reduction_kw[:] = [max_reduction_kw]
    if max_rebound_kw is not None:
        limit.max_rebound_kw[:] = [max_rebound_kw]


def uniform_price_value(choice: UniformPriceChoice | None) -> wire.UniformPrice.ValueType:
    """Write a choice of uniform price; None leaves it to the hub."""
    name = "UNSPECIFIED" if choice is None else choice.name
    return wire.UniformPrice.Value(f"UNIFORM_PRICE_{name}")


def tie_value(choice: TieChoice | None) -> wire.TieRule.ValueType:
    """Write who serves when several ask the same; None leaves it to the hub."""
    name = "UNSPECIFIED" if choice is None else choice.name
    return wire.TieRule.Value(f"TIE_RULE_{name}")
