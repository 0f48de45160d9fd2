"""Types that several groups of the hub's settings share."""

from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from vpp.foundation.names import ID_PATTERN

Id = Annotated[str, Field(pattern=f"^{ID_PATTERN}$")]


def iso_text(value: object) -> object:
    """Refuse what is no ISO 8601 duration: a bare number would pass as seconds."""
    if isinstance(value, timedelta) or (isinstance(value, str) and value.startswith("P")):
        return value
    raise ValueError(f"{value!r} is no ISO 8601 duration such as PT15S")


def _between(shortest: timedelta, longest: timedelta) -> Callable[[timedelta], timedelta]:
    def check(value: timedelta) -> timedelta:
        if not shortest <= value <= longest:
            raise ValueError(f"{value} is not between {shortest} and {longest}")
        return value

    return check


_DAY = timedelta(days=1)
Span = Annotated[timedelta, BeforeValidator(iso_text), AfterValidator(_between(timedelta(0), _DAY))]
Wait = Annotated[
    timedelta, BeforeValidator(iso_text), AfterValidator(_between(timedelta(milliseconds=10), _DAY))
]
UtcInstant = Annotated[AwareDatetime, AfterValidator(lambda value: value.astimezone(UTC))]


class Group(BaseModel):
    """A table of the settings file: nothing unknown, nothing changed later."""

    model_config = ConfigDict(frozen=True, extra="forbid")
