"""Filling gaps with what a model that never saw them expects."""

from dataclasses import replace

import numpy as np

from vpp.baseline.fourier_member import calendar_load
from vpp.baseline.slot_history import SlotHistory


def imputed(history: SlotHistory) -> SlotHistory:
    """Fill gaps, among them hidden events and rebound, from the calendar and the readings around.

    The regression on the calendar leaves the gaps out; what the readings on either side deviate from
    it by is carried across in a straight line. Nothing is invented outside the range of what was
    seen.

    Args:
        history: Load with gaps.

    Returns:
        The same without gaps.
    """
    load_kw = history.load_kw
    is_gap = np.isnan(load_kw)
    if not is_gap.any():
        return history
    calendar_kw = calendar_load(history, history.length, history.length)
    known, gaps = np.flatnonzero(~is_gap), np.flatnonzero(is_gap)
    deviation_kw = np.interp(gaps, known, (load_kw - calendar_kw)[known])
    filled_kw = load_kw.copy()
    filled_kw[gaps] = np.clip(calendar_kw[gaps] + deviation_kw, load_kw[known].min(), load_kw[known].max())
    return replace(history, load_kw=filled_kw)
