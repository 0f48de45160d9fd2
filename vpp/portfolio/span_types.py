"""Lengths of time as fields of a product."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

Span = Annotated[timedelta, Field(ge=timedelta(0))]
PositiveSpan = Annotated[timedelta, Field(gt=timedelta(0))]
