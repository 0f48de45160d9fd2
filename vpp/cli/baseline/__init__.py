"""Baselines, forecasts and backtests from meter files, without a hub."""
