"""What every table of the configuration is made of."""

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from vpp.agent.quantity_fields import PowerKw
from vpp.foundation.names import ID_PATTERN

Id = Annotated[str, Field(pattern=f"^{ID_PATTERN}$")]
Kw = Annotated[PowerKw, Field(ge=0, le=10_000_000)]
Span = Annotated[timedelta, Field(ge=timedelta(0))]


class Table(BaseModel):
    """A table whose keys are all known; an unknown one is refused, because a slip must not pass."""

    model_config = ConfigDict(frozen=True, extra="forbid")
