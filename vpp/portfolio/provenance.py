"""Where a product's rules come from."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from vpp.portfolio.pay_parts import Part


class Provenance(Part):
    """Where the rules come from: for people, nothing is decided by it.

    Attributes:
        source_tag: P, S, D or C as in the domain reference; M for parameters nobody has checked.
        source: Title of the source, or what the example is modelled on.
        read_on: When the source was read.
        unverified_fields: Fields whose values were checked against no source.
        source_url: Where the source can be read; None where none is known.
    """

    source_tag: Literal["P", "S", "D", "C", "M"]
    source: str
    read_on: date
    unverified_fields: tuple[str, ...] = ()
    source_url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None
