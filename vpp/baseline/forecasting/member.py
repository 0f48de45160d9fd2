"""What a member of the forecast's mix is: one model, computed in two ways."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from vpp.baseline.forecasting.panel import Floats, Ints, LoadPanel
from vpp.baseline.forecasting.recent_range import within_recent_range

ComputedBy = Literal["batched", "reference"]


class MemberModel(Protocol):
    """A model as a function of a panel."""

    def __call__(self, panel: LoadPanel, origins: Ints, lead: int, fit_end: int) -> Floats:
        """Forecast every site of a panel.

        Args:
            panel: Load without gaps up to the latest origin.
            origins: Forecasts begin at these slots, all at the same slot of their day; only earlier
                slots are looked at, but for temperature and plan. Shape (O,).
            lead: How many slots to forecast from each origin, at most a week.
            fit_end: Coefficients come from slots before this one; at most the earliest origin.

        Returns:
            kW. NaN for a whole site where the model declines it. Shape (S, O, lead).
        """


@dataclass(frozen=True, slots=True)
class Member:
    """A model with its two computations, which agree.

    Attributes:
        name: As given in a forecast's members.
        batched: Shared designs and stacked normal equations; declines sites whose equations are too
            close to singular for it.
        reference: One statsmodels fit per site; never declines.
    """

    name: str
    batched: MemberModel
    reference: MemberModel

    def forecast(
        self, panel: LoadPanel, origins: Ints, lead: int, fit_end: int, *, by: ComputedBy = "batched"
    ) -> Floats:
        """Forecast every site of a panel; what the batched computation declines goes to the reference.

        Arguments and result are those of `MemberModel`, but no site is declined, and nothing lies far
        outside what the site has lately done.
        """
        if by == "reference":
            forecast_kw = self.reference(panel, origins, lead, fit_end)
        else:
            forecast_kw = self.batched(panel, origins, lead, fit_end)
            declined = np.flatnonzero(~np.isfinite(forecast_kw).all(axis=(1, 2)))
            if len(declined):
                forecast_kw[declined] = self.reference(panel.take(declined), origins, lead, fit_end)
        return within_recent_range(panel, forecast_kw, origins, fit_end)
