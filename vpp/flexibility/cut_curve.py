r"""How much work a cut in power costs, as a curve of two ratios.

For a group of jobs with power P and work rate W if left alone, a point (c, l) says that the group
can be brought to (1 - c) P and then works at (1 - l) W. With breakpoints (c_0, l_0) = (0, 0),
(c_1, l_1), ... the curve is

    l(c) = l_{n-1} + (c - c_{n-1}) (l_n - l_{n-1}) / (c_n - c_{n-1})   for c_{n-1} < c <= c_n
    c_{n-1} < c_n,   l_{n-1} <= l_n,   c <= c_max

Source:
    Shape and its use by design of this project; the points are measured ones
    (`cap_response`, `learned_caps`).
"""

from bisect import bisect_left
from dataclasses import dataclass

from vpp.flexibility.bounds import check_within
from vpp.flexibility.cap_response import CAP_RESPONSE, largest_measured_cut_ratio
from vpp.flexibility.job_class import JobClass
from vpp.foundation.errors import InvalidInput

SMALLEST_CUT_RATIO = 1e-9
"""Cuts that differ by less are the same."""


@dataclass(frozen=True, slots=True)
class CutCurve:
    """Work lost over power cut, both as shares of a group left alone.

    Attributes:
        cut_ratio: Power cut at the breakpoints, rising from 0, each at most 1.
        loss_ratio: Work lost there, from 0, never falling, each at most 1.
    """

    cut_ratio: tuple[float, ...] = (0.0,)
    loss_ratio: tuple[float, ...] = (0.0,)

    def __post_init__(self) -> None:
        """Refuse a curve that does not begin at no cut, or that falls."""
        if not self.cut_ratio or len(self.cut_ratio) != len(self.loss_ratio):
            raise InvalidInput(
                f"cut_ratio has {len(self.cut_ratio)} points and loss_ratio {len(self.loss_ratio)}, "
                "expected as many, and at least one"
            )
        for name in ("cut_ratio", "loss_ratio"):
            for value in getattr(self, name):
                check_within(value, name, 0.0, 1.0)
        if self.cut_ratio[0] != 0.0 or self.loss_ratio[0] != 0.0:
            raise InvalidInput(
                f"the curve begins at a cut of {self.cut_ratio[0]} that loses {self.loss_ratio[0]}, "
                "expected 0 and 0"
            )
        for n in range(1, len(self.cut_ratio)):
            if self.cut_ratio[n] <= self.cut_ratio[n - 1] or self.loss_ratio[n] < self.loss_ratio[n - 1]:
                raise InvalidInput(
                    f"after ({self.cut_ratio[n - 1]}, {self.loss_ratio[n - 1]}) comes "
                    f"({self.cut_ratio[n]}, {self.loss_ratio[n]}), expected a deeper cut that loses no less"
                )

    @property
    def deepest_cut_ratio(self) -> float:
        """Deepest cut, 0..1; 0 if nothing can be cut."""
        return self.cut_ratio[-1]

    def loss_at(self, cut_ratio: float) -> float:
        """Return the work lost at a cut, 0..1.

        Raises:
            InvalidInput: The cut is negative or beyond the curve's end.

        Example:
            >>> CutCurve((0.0, 0.25, 0.5), (0.0, 0.125, 0.5)).loss_at(0.375)
            0.3125
        """
        check_within(cut_ratio, "cut_ratio", 0.0, self.deepest_cut_ratio + SMALLEST_CUT_RATIO)
        return self._read(cut_ratio, self.cut_ratio, self.loss_ratio)

    def cut_at(self, loss_ratio: float) -> float:
        """Return the deepest cut that loses no more than a share of the work, 0..1.

        Raises:
            InvalidInput: The loss is negative.

        Example:
            >>> CutCurve((0.0, 0.2, 0.4), (0.0, 0.0, 0.5)).cut_at(0.0)
            0.2
        """
        check_within(loss_ratio, "loss_ratio")
        if loss_ratio >= self.loss_ratio[-1]:
            return self.deepest_cut_ratio
        n = next(n for n, loss in enumerate(self.loss_ratio) if loss > loss_ratio)
        share = (loss_ratio - self.loss_ratio[n - 1]) / (self.loss_ratio[n] - self.loss_ratio[n - 1])
        return self.cut_ratio[n - 1] + share * (self.cut_ratio[n] - self.cut_ratio[n - 1])

    def up_to(self, cut_ratio: float) -> "CutCurve":
        """Return the curve up to a cut; the whole of it if it ends before.

        Example:
            >>> CutCurve((0.0, 0.25, 0.5), (0.0, 0.125, 0.5)).up_to(0.375).loss_ratio
            (0.0, 0.125, 0.3125)
        """
        if cut_ratio >= self.deepest_cut_ratio:
            return self
        if cut_ratio <= SMALLEST_CUT_RATIO:
            return CutCurve()
        inside = bisect_left(self.cut_ratio, cut_ratio - SMALLEST_CUT_RATIO)
        return CutCurve(
            (*self.cut_ratio[:inside], cut_ratio), (*self.loss_ratio[:inside], self.loss_at(cut_ratio))
        )

    def then(self, cut_ratio: float, loss_ratio: float) -> "CutCurve":
        """Return the curve with a further point; itself if the point lies no deeper."""
        if cut_ratio <= self.deepest_cut_ratio + SMALLEST_CUT_RATIO:
            return self
        return CutCurve(
            (*self.cut_ratio, cut_ratio), (*self.loss_ratio, max(loss_ratio, self.loss_ratio[-1]))
        )

    def convex_segments(self) -> tuple[tuple[float, float], ...]:
        """Return (width, work lost per power cut) of segments that lose ever more.

        A linear planner takes the segment that loses least first, so a curve that flattens would
        be read out of order. The slopes are therefore raised to the steepest one before; the work
        lost is never understated by that, and exact for a convex curve.

        Example:
            >>> CutCurve((0.0, 0.2, 0.4), (0.0, 0.1, 0.15)).convex_segments()
            ((0.4, 0.5),)
        """
        segments: list[tuple[float, float]] = []
        for n in range(1, len(self.cut_ratio)):
            width = self.cut_ratio[n] - self.cut_ratio[n - 1]
            slope = (self.loss_ratio[n] - self.loss_ratio[n - 1]) / width
            if segments and slope <= segments[-1][1]:
                segments[-1] = (segments[-1][0] + width, segments[-1][1])
            else:
                segments.append((width, slope))
        return tuple(segments)

    @staticmethod
    def _read(value: float, from_points: tuple[float, ...], to_points: tuple[float, ...]) -> float:
        n = bisect_left(from_points, value)
        if n == 0:
            return to_points[0]
        if n == len(from_points):
            return to_points[-1]
        share = (value - from_points[n - 1]) / (from_points[n] - from_points[n - 1])
        return to_points[n - 1] + share * (to_points[n] - to_points[n - 1])


def published_curve(job_class: JobClass) -> CutCurve:
    """Return a class's published response to power caps, by its most sensitive workload.

    Raises:
        InvalidInput: The class was not measured.

    Example:
        >>> published_curve(JobClass.FINETUNE).loss_at(0.25)
        0.099
    """
    largest_measured_cut_ratio(job_class)  # refuses what was not measured
    points = CAP_RESPONSE[job_class]
    return CutCurve(
        tuple(each.power_cut_ratio for each in points), tuple(each.worst_loss_ratio for each in points)
    )
