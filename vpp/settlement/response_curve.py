r"""Which part of a commitment is paid: a response table, in whole numbers.

With `D` what was delivered and `C` what was committed, `rho = D / C` and corners `(x_k, y_k)`, `k = 1..m`,
`x_k <= x_{k+1}`:

    g(rho) = 0                                                              rho < x_1
           = y_k + (rho - x_k) * (y_{k+1} - y_k) / (x_{k+1} - x_k)          x_k <= rho < x_{k+1}
           = y_m                                                            x_m <= rho
    paid   = C * g(D / C)

Of corners with the same `x` the last counts, so that `g` has a step there. All `x` and `y` are brought to one
denominator, and `D` and `C` are never divided: `rho >= x` is `D >= x * C`, which also holds for `C = 0`,
where nothing is paid.

Source:
    Baseline reference, section 1.6: `pay = P * commit * g(rho)`, `g` piecewise linear, its breakpoints data.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

from vpp.portfolio.pay_parts import ResponseTable


@dataclass(frozen=True, slots=True)
class ResponseCurve:
    """A response table in whole numbers.

    Attributes:
        scale: What all corners were multiplied with.
        corners: Delivered and paid share of the commitment, times `scale`, in order.
    """

    scale: int
    corners: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, table: ResponseTable) -> "ResponseCurve":
        """Bring a table to one denominator."""
        exact = [(Fraction(point.delivered_ratio), Fraction(point.paid_ratio)) for point in table.points]
        scale = math.lcm(*(share.denominator for corner in exact for share in corner))
        return cls(scale, tuple((int(at * scale), int(paid * scale)) for at, paid in exact))

    def paid(self, delivered: int, committed: int) -> tuple[int, int]:
        """Return what is paid of a commitment, unrounded.

        Args:
            delivered: Delivery, in any unit, signed.
            committed: Commitment in the same unit, 0 or more.

        Returns:
            Numerator and denominator, in the same unit; 0 or more.

        Example:
            Sichuan: the whole up to 110 %, half of what lies above; 13 of 10 count as 12.

            >>> from vpp.portfolio.pay_parts import ResponsePoint
            >>> corners = ((0, 0), ("1.1", "1.1"), (10, "5.55"))
            >>> curve = ResponseCurve.of(ResponseTable(points=tuple(
            ...     ResponsePoint(delivered_ratio=at, paid_ratio=paid) for at, paid in corners)))
            >>> Fraction(*curve.paid(13, 10))
            Fraction(12, 1)
        """
        corners, scaled = self.corners, delivered * self.scale
        left = -1
        for at, _ in corners:
            if at * committed > scaled:
                break
            left += 1
        if left < 0:
            return 0, 1
        start, paid_start = corners[left]
        if left == len(corners) - 1 or not committed:
            return committed * paid_start if committed else 0, self.scale
        end, paid_end = corners[left + 1]
        width = end - start
        rise = (scaled - start * committed) * (paid_end - paid_start)
        return committed * paid_start * width + rise, self.scale * width
