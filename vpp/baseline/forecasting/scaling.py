"""Bringing every site's load to the same scale before it is learnt from."""

from dataclasses import dataclass, replace

import numpy as np

from vpp.baseline.forecasting.panel import Floats, LoadPanel


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """Mean and spread of each site's known load, kW. Each of shape (S,); spreads are above 0.

    Regressions on loads of kilowatts and of gigawatts then lose the same few digits, and a site's
    forecast moves and stretches exactly as its load does.
    """

    mean_kw: Floats
    spread_kw: Floats

    @classmethod
    def of(cls, panel: LoadPanel) -> "Scale":
        """Take the scale of a panel; every site has a value."""
        mean_kw = np.nanmean(panel.load_kw, axis=1)
        spread_kw = np.nanstd(panel.load_kw, axis=1)
        return cls(mean_kw, np.where(spread_kw > 0, spread_kw, 1.0))

    def scaled(self, panel: LoadPanel) -> LoadPanel:
        """Return the panel with load and plan scaled."""
        mean_kw, spread_kw = self.mean_kw[:, None], self.spread_kw[:, None]
        return replace(
            panel,
            load_kw=(panel.load_kw - mean_kw) / spread_kw,
            plan_kw=None if panel.plan_kw is None else (panel.plan_kw - mean_kw) / spread_kw,
        )

    def in_kw(self, forecast: Floats) -> Floats:
        """Return forecasts in kW; shape (S, O, lead)."""
        return np.asarray(forecast * self.spread_kw[:, None, None] + self.mean_kw[:, None, None])
