"""Load forecasts: many sites at once, and one site by statsmodels, with one answer."""
