"""What the hub's owner sets about forecasts."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from vpp.baseline.forecasting.mix import ForecastMix

ONE_DAY = timedelta(days=1)
SHORTEST_INTERVAL = timedelta(minutes=15)


def _iso_text(value: object) -> object:
    if isinstance(value, timedelta) or (isinstance(value, str) and value.startswith("P")):
        return value
    raise ValueError(f"{value!r} is no ISO 8601 duration such as PT3H")


def _dividing_a_day(value: timedelta) -> timedelta:
    if value and (value < SHORTEST_INTERVAL or ONE_DAY % value):
        raise ValueError(f"{value} is neither PT0S nor a quarter of an hour or more that divides a day")
    return value


class ForecastSettings(BaseModel):
    """Which models forecast the sites' load, how often, and where they run.

    Attributes:
        mix: Which models: `fast`, `mean`, `robust` or, with the extra `boosting`, `boosted`.
        intraday_interval: How often every site is forecast again through the day; PT0S for never.
        worker_processes: Processes for forecasts and the choice of baseline rules alone, at low
            priority, so that neither holds up a clearing; they start with the first of them. 0 shares
            the processes of `work`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mix: ForecastMix = "mean"
    intraday_interval: Annotated[timedelta, BeforeValidator(_iso_text), AfterValidator(_dividing_a_day)] = (
        timedelta(hours=3)
    )
    worker_processes: int = Field(default=1, ge=0, le=64)
