"""Day-ahead load forecasts of many sites at once."""

from collections.abc import Sequence

from vpp.baseline.forecast_request import ForecastRequest
from vpp.baseline.forecasting.answers import answers
from vpp.baseline.forecasting.mix import ForecastMix
from vpp.baseline.insufficient_history import InsufficientHistory
from vpp.baseline.load_forecast import LoadForecast

SITES_AT_ONCE = 200  # bounds memory: designs and lags of this many sites are held together


def forecast_fleet(
    requests: Sequence[ForecastRequest], *, mix: ForecastMix = "mean"
) -> list[LoadForecast | InsufficientHistory]:
    """Forecast every site, computing together those that share their grid and calendar.

    Each site's answer is that of `forecast_day_ahead`, to 1e-8 of its load; no site's answer depends on
    which others are asked for.

    Args:
        requests: What is to be forecast.
        mix: Which members are averaged.

    Returns:
        Forecasts in the order of the requests, `InsufficientHistory` where nothing is known.

    Raises:
        InvalidInput: As for `forecast_day_ahead`.
    """
    found: list[LoadForecast | InsufficientHistory] = []
    for begin in range(0, len(requests), SITES_AT_ONCE):
        found.extend(answers(requests[begin : begin + SITES_AT_ONCE], mix, by="batched"))
    return found
