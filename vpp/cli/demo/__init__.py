"""The demo: one delivery day with real processes on an accelerated clock, and the checks on it."""
