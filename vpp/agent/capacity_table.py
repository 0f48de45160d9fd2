"""The table of a capacity curve: given caps, or what they are worked out from."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from vpp.agent.table import Kw, Table
from vpp.flexibility.civil_place import civil_place

HOURS = 24
Hourly = Annotated[tuple[Kw, ...], Field(min_length=HOURS, max_length=HOURS)]
"""One value for each hour on the site's clock, midnight first."""


class CapacityTable(Table):
    """One resource's capacity curve.

    Attributes:
        time_zone: Whose hours are meant, an IANA name.
        caps_kw: Largest power of the resource's flexible work by hour, kW; absent to work it out.
        arriving_kw: Flexible work that comes up by hour, kW at full speed.
        room_kw: The most that flexible work may draw at any hour, kW.
        longest_delay_hours: How long work may wait, within its civil day.
        margin_ratio: How much too low `arriving_kw` may be, with all work still done in time.
    """

    time_zone: str = "UTC"
    caps_kw: Hourly | None = None
    arriving_kw: Hourly | None = None
    room_kw: Kw | None = None
    longest_delay_hours: int = Field(default=HOURS, ge=0, le=HOURS)
    margin_ratio: float = Field(default=0.1, ge=0.0, le=10.0)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        civil_place(self.time_zone)
        if (self.caps_kw is None) == (self.arriving_kw is None):
            raise ValueError("expected either caps_kw or arriving_kw")
        if self.arriving_kw is not None and self.room_kw is None:
            raise ValueError("arriving_kw is given without room_kw, the most that flexible work may draw")
        return self
