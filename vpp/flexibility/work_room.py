r"""How much more work free machines can take on with every deadline held.

By the rule for one pool of machines and deadlines: with work w_i due in s_i hours and F free GPUs,
everything is done in time if and only if, for every s,

    sum over {i: s_i <= s} of w_i  <=  F s

as long as any work may run on any number of the free GPUs.

Source:
    Feasibility of earliest deadline first on one machine (demand bound); textbook result.
"""

import math
from collections.abc import Iterable, Mapping

from vpp.flexibility.backlog import ROUNDING_GPU_H
from vpp.flexibility.bounds import check_within

SPAN_DECIMALS = 9
"""Spans are told apart to 1e-9 h."""


class WorkRoom:
    """Work that free GPUs have taken on, by the time in which it is due."""

    def __init__(self, free_gpus: float) -> None:
        """Begin with nothing taken on.

        Args:
            free_gpus: GPUs that will work on it, 0 or more.
        """
        check_within(free_gpus, "free_gpus")
        self._free_gpus = free_gpus
        self._due_gpu_h: dict[float, float] = {}

    def add(self, entries: Iterable[tuple[float, float]]) -> None:
        """Take on work, or give it back.

        Args:
            entries: Hours until it is due, below 0 counts as 0, and GPU hours, below 0 to give back.
        """
        for span_h, gpu_h in entries:
            if gpu_h != 0.0:
                key = round(max(0.0, span_h), SPAN_DECIMALS)
                self._due_gpu_h[key] = self._due_gpu_h.get(key, 0.0) + gpu_h

    @property
    def unavoidable_gpu_h(self) -> float:
        """Work that cannot be done in time, GPU hours."""
        worst_gpu_h = total_gpu_h = 0.0
        for span_h in sorted(self._due_gpu_h):
            total_gpu_h += self._due_gpu_h[span_h]
            worst_gpu_h = max(worst_gpu_h, total_gpu_h - self._free_gpus * span_h)
        return worst_gpu_h if worst_gpu_h > ROUNDING_GPU_H else 0.0

    def fits(self, entries: Iterable[tuple[float, float]]) -> bool:
        """Return whether further work can be done in time, and leave things as they are."""
        listed = [(span_h, gpu_h) for span_h, gpu_h in entries if gpu_h > 0.0]
        before = dict(self._due_gpu_h)
        self.add(listed)
        is_in_time = self.unavoidable_gpu_h == 0.0
        self._due_gpu_h = before
        return is_in_time

    def needed_gpu_h(self, step_h: float) -> float:
        """Return the work that must be done in the next step lest some of it be late, GPU hours."""
        total_gpu_h = worst_gpu_h = 0.0
        for span_h in sorted(self._due_gpu_h):
            total_gpu_h += self._due_gpu_h[span_h]
            worst_gpu_h = max(worst_gpu_h, total_gpu_h - self._free_gpus * max(0.0, span_h - step_h))
        return worst_gpu_h

    def most_gpu_h(self, weights: Mapping[float, float]) -> float:
        """Return the largest amount that fits if it is due in parts.

        Args:
            weights: Share of the amount, above 0, by hours until that part is due.

        Returns:
            The amount, GPU hours; 0 if nothing fits, infinite without shares.

        Example:
            >>> room = WorkRoom(10.0)
            >>> room.add([(2.0, 15.0)])
            >>> room.most_gpu_h({1.0: 1.0}), room.most_gpu_h({3.0: 0.5})
            (5.0, 30.0)
        """
        parts = {round(max(0.0, span_h), SPAN_DECIMALS): share for span_h, share in weights.items()}
        most_gpu_h = math.inf
        total_gpu_h = total_share = 0.0
        for span_h in sorted({*self._due_gpu_h, *parts}):
            total_gpu_h += self._due_gpu_h.get(span_h, 0.0)
            total_share += parts.get(span_h, 0.0)
            if total_share > 0.0:
                most_gpu_h = min(most_gpu_h, (self._free_gpus * span_h - total_gpu_h) / total_share)
        return max(0.0, most_gpu_h)
