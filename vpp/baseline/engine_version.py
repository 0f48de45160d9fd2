"""The version of everything that turns readings into a baseline or a forecast."""

ENGINE_VERSION = "1"
"""Raised by one with every change after which any figure may differ: stored baselines name it."""
