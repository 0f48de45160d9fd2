r"""Heat in a hall and its cooling loop: two nodes, in deviation from the course without an event.

With the rise of the loop water w and of the hall air a above their undisturbed course, in K, and
heat put into them beyond that course, q_w and q_a, in kW thermal:

    C_w dw/dt = UA (a - w) + q_w
    C_a da/dt = q_a - UA (a - w)

A cut of the chillers by u kW thermal is q_w = u; cooling down again is q_w < 0; IT power that is
switched off is q_a < 0. The total heat H = C_w w + C_a a and the difference D = a - w part the
system into two independent equations, so one step is exact however long it is:

    H(t) = H(0) + (q_w + q_a) t
    D(t) = D_oo + (D(0) - D_oo) exp(-k t),   k = UA (1 / C_w + 1 / C_a),   D_oo = (q_a / C_a - q_w / C_w) / k

Two consequences carry the limits of a cooling plant, with C = C_w + C_a and the settled rise H / C
that both nodes approach once nothing is put in:

1. While q_a = 0 and q_w >= 0 the air never rises above the larger of its present rise and the
   settled rise at the end: where D > 0 it falls, and where D <= 0 it lies below H / C. A budget of
   L kelvin therefore holds at every moment, also after the cut, exactly if a <= L and H <= C L.
2. |da/dt| = UA |D| / C_a. With |D(0)| <= C_a r / UA and |q_w| <= C r the difference stays within that
   bound, so the air never changes faster than r K/h.

A larger exchange UA makes the nodes one. Heating starts at its largest rate and decays with a time
constant that the ratio of heat capacities and the surface of the racks set; density, containment
and right-sizing make it faster.

Source:
    Balance of heat, a choice of this project; Khankari, "Rate of heating analysis of data centers
    during power shutdown", ASHRAE Transactions 117 (2011); Schneider Electric, White Paper 179.
"""

import math
from dataclasses import dataclass

from vpp.flexibility.bounds import check_above_zero, check_within


@dataclass(frozen=True, slots=True)
class Hall:
    """Heat capacities and exchange of a hall.

    Attributes:
        loop_kwh_per_k: Heat capacity of the loop water and its tank, C_w, kWh/K, 0 or more.
        air_kwh_per_k: Heat capacity of the air and the racks that follow it, C_a, kWh/K.
        exchange_kw_per_k: Heat that passes from air to water per K between them, UA, kW/K.
    """

    loop_kwh_per_k: float
    air_kwh_per_k: float
    exchange_kw_per_k: float

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        check_within(self.loop_kwh_per_k, "loop_kwh_per_k")
        check_above_zero(self.air_kwh_per_k, "air_kwh_per_k")
        check_above_zero(self.exchange_kw_per_k, "exchange_kw_per_k")

    @property
    def kwh_per_k(self) -> float:
        """Heat that warms both nodes by 1 K, C, kWh/K."""
        return self.loop_kwh_per_k + self.air_kwh_per_k

    @property
    def rate_per_hour(self) -> float:
        """How fast a difference between the nodes evens out, k, 1/h; infinite without a loop."""
        if self.loop_kwh_per_k <= 0.0:
            return math.inf
        return self.exchange_kw_per_k * (1.0 / self.loop_kwh_per_k + 1.0 / self.air_kwh_per_k)

    def heat_kwh(self, loop_kelvin: float, air_kelvin: float) -> float:
        """Return the heat above the undisturbed course, H, kWh; negative once cooled ahead."""
        return self.loop_kwh_per_k * loop_kelvin + self.air_kwh_per_k * air_kelvin

    def after(
        self, loop_kelvin: float, air_kelvin: float, loop_kw: float, hours: float
    ) -> tuple[float, float]:
        """Return the rises after a step with constant heat into the loop.

        Args:
            loop_kelvin: Rise of the loop water at the start, K.
            air_kelvin: Rise of the air at the start, K.
            loop_kw: Heat put into the loop, q_w, kW thermal; negative while it is taken out.
            hours: Length of the step, h.

        Returns:
            Rise of the loop water and of the air at the end, K.

        Example:
            >>> hall = Hall(loop_kwh_per_k=20.0, air_kwh_per_k=5.0, exchange_kw_per_k=100.0)
            >>> loop, air = hall.after(0.0, 0.0, 250.0, hours=0.5)
            >>> round(loop, 3), round(air, 3), round(hall.heat_kwh(loop, air), 9)
            (5.1, 4.6, 125.0)
        """
        if math.isinf(self.rate_per_hour):
            settled = air_kelvin + loop_kw * hours / self.kwh_per_k
            return settled, settled
        heat_kwh = self.heat_kwh(loop_kelvin, air_kelvin) + loop_kw * hours
        apart = self.settled_difference_kelvin(loop_kw)
        difference = apart + (air_kelvin - loop_kelvin - apart) * math.exp(-self.rate_per_hour * hours)
        loop = (heat_kwh - self.air_kwh_per_k * difference) / self.kwh_per_k
        return loop, loop + difference

    def settled_difference_kelvin(self, loop_kw: float) -> float:
        """Return the air's rise less the loop's once a constant heat flow has settled, D_oo, K."""
        if self.loop_kwh_per_k <= 0.0:
            return 0.0
        return -loop_kw / self.loop_kwh_per_k / self.rate_per_hour

    def decay(self, hours: float) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the matrix that carries (loop, air) through a step without heat. Shape (2, 2).

        Example:
            >>> hall = Hall(20.0, 5.0, 100.0)
            >>> [round(sum(row), 9) for row in hall.decay(0.1)]
            [1.0, 1.0]
        """
        by_loop, by_air = self.after(1.0, 0.0, 0.0, hours), self.after(0.0, 1.0, 0.0, hours)
        return (by_loop[0], by_air[0]), (by_loop[1], by_air[1])

    def gain(self, hours: float) -> tuple[float, float]:
        """Return the rise of (loop, air) after a step per kW thermal into the loop, K/kW. Shape (2,)."""
        return self.after(0.0, 0.0, 1.0, hours)
