"""Published performance curves of a water-cooled and an air-cooled chiller.

Data: copper-bem 0.3.0, `copper/data/chiller_curves.json`, entries 0 and 2, values unchanged.
It is used under its licence:

    BSD 2-Clause License

    Copyright (c) 2022, Pacific Northwest National Laboratory
    All rights reserved.

    Redistribution and use in source and binary forms, with or without modification, are
    permitted provided that the following conditions are met:

    1. Redistributions of source code must retain the above copyright notice, this list of
       conditions and the following disclaimer.

    2. Redistributions in binary form must reproduce the above copyright notice, this list of
       conditions and the following disclaimer in the documentation and/or other materials
       provided with the distribution.

    THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS
    OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF
    MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE
    COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL,
    EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF
    SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION)
    HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR
    TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS
    SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
"""

import math
from dataclasses import dataclass

from vpp.foundation.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Biquadratic:
    """c1 + c2 x + c3 x2 + c4 y + c5 y2 + c6 x y.

    Attributes:
        coefficients: c1 to c6.
    """

    coefficients: tuple[float, float, float, float, float, float]

    def at(self, x: float, y: float) -> float:
        """Evaluate at leaving water temperature x and entering condenser temperature y, Celsius."""
        c1, c2, c3, c4, c5, c6 = self.coefficients
        return c1 + c2 * x + c3 * x * x + c4 * y + c5 * y * y + c6 * x * y


@dataclass(frozen=True, slots=True)
class ChillerCurves:
    """How a chiller's capacity and electric input depend on temperatures and load.

    Power = available capacity / COP x `input_by_temperature` x input by part load, where the
    part-load ratio is the cooling load over the available capacity.

    Attributes:
        reference_cop: COP at full load and reference temperatures; None for a normalised curve.
        capacity_by_temperature: Available over rated capacity.
        input_by_temperature: Electric input per cooling over that at reference temperatures.
        input_by_part_load: c1, c2, c3 of the electric input over that at full load.
        min_leaving_celsius: Coldest leaving water the curves cover.
        max_leaving_celsius: Warmest leaving water the curves cover.
        min_condenser_celsius: Coldest condenser inlet the curves cover.
        max_condenser_celsius: Warmest condenser inlet the curves cover.
        min_part_load_ratio: Below this load the chiller cycles on and off.
        min_unloading_ratio: Below this load it runs on at the power it has there.
    """

    reference_cop: float | None
    capacity_by_temperature: Biquadratic
    input_by_temperature: Biquadratic
    input_by_part_load: tuple[float, float, float]
    min_leaving_celsius: float
    max_leaving_celsius: float
    min_condenser_celsius: float
    max_condenser_celsius: float
    min_part_load_ratio: float
    min_unloading_ratio: float

    def clamped(self, leaving_celsius: float, condenser_celsius: float) -> tuple[float, float]:
        """Bring temperatures into the range that the curves cover.

        Args:
            leaving_celsius: Leaving chilled water temperature.
            condenser_celsius: Entering condenser water or air temperature.

        Returns:
            Both temperatures, each moved to the nearest end of its range if outside. A caller
            that must warn compares them with what it gave.
        """
        return (
            min(max(leaving_celsius, self.min_leaving_celsius), self.max_leaving_celsius),
            min(max(condenser_celsius, self.min_condenser_celsius), self.max_condenser_celsius),
        )

    def relative_cop(self, leaving_celsius: float, condenser_celsius: float) -> float:
        """Return full-load COP over that at reference temperatures."""
        return 1.0 / self.input_by_temperature.at(*self.clamped(leaving_celsius, condenser_celsius))

    def relative_capacity(self, leaving_celsius: float, condenser_celsius: float) -> float:
        """Return available over rated capacity."""
        return self.capacity_by_temperature.at(*self.clamped(leaving_celsius, condenser_celsius))

    def relative_part_load_cop(self, part_load_ratio: float) -> float:
        """Return COP at part load over that at full load, by the curve alone.

        Example:
            >>> round(WATER_COOLED.relative_part_load_cop(0.25), 2)
            0.76
        """
        c1, c2, c3 = self.input_by_part_load
        return part_load_ratio / (c1 + c2 * part_load_ratio + c3 * part_load_ratio**2)

    def saved_per_kelvin_ratio(
        self, condenser_celsius: float, cold_celsius: float, warm_celsius: float
    ) -> float:
        """Return the share of power saved per kelvin of warmer chilled water.

        Example:
            >>> round(WATER_COOLED.saved_per_kelvin_ratio(29.4, 7.0, 10.0), 3)
            0.018
        """
        cold = self.input_by_temperature.at(*self.clamped(cold_celsius, condenser_celsius))
        warm = self.input_by_temperature.at(*self.clamped(warm_celsius, condenser_celsius))
        return (1.0 - warm / cold) / (warm_celsius - cold_celsius)

    def relative_power(self, part_load_ratio: float) -> float:
        """Return electric power over that at full load and the same temperatures.

        Follows the part-load curve down to `min_unloading_ratio`, stays there while the
        chiller unloads falsely, and falls to 0 in proportion while it cycles. Never decreases
        with load.

        Args:
            part_load_ratio: Cooling load over available capacity, 0..1.

        Raises:
            InvalidInput: The ratio lies outside 0..1.

        Example:
            >>> round(WATER_COOLED.relative_power(1.0), 3), WATER_COOLED.relative_power(0.0)
            (1.0, 0.0)
        """
        if not 0.0 <= part_load_ratio <= 1.0:
            raise InvalidInput(
                f"part_load_ratio is {part_load_ratio}, expected a number in [0, 1]",
                part_load_ratio=str(part_load_ratio),
            )
        c1, c2, c3 = self.input_by_part_load
        unloaded = max(part_load_ratio, self.min_unloading_ratio)
        on_curve = c1 + c2 * unloaded + c3 * unloaded * unloaded
        return on_curve * min(1.0, part_load_ratio / self.min_part_load_ratio)

    def part_load_ratio_at(self, relative_power: float) -> float:
        """Return the largest part-load ratio that a relative power pays for; inverts the above.

        Args:
            relative_power: Electric power over that at full load, 0 or more.

        Returns:
            Cooling load over available capacity, 0..1.

        Example:
            >>> round(WATER_COOLED.part_load_ratio_at(WATER_COOLED.relative_power(0.6)), 9)
            0.6
        """
        at_unloading = self.relative_power(self.min_unloading_ratio)
        # A power taken off and put back is a last bit short of the flat stretch it stands on.
        is_flat = math.isclose(relative_power, at_unloading, rel_tol=1e-9)
        if relative_power < at_unloading and not is_flat:
            return max(0.0, relative_power) / at_unloading * self.min_part_load_ratio
        c1, c2, c3 = self.input_by_part_load
        root = math.sqrt(c2 * c2 - 4.0 * c3 * (c1 - max(relative_power, at_unloading)))
        return min(1.0, max(self.min_unloading_ratio, (root - c2) / (2.0 * c3)))


WATER_COOLED = ChillerCurves(
    reference_cop=5.5,
    capacity_by_temperature=Biquadratic(
        (0.257896, 0.0389016, -0.00021708, 0.0468684, -0.00094284, -0.00034344)
    ),
    input_by_temperature=Biquadratic((0.933884, -0.058212, 0.00450036, 0.00243, 0.000486, -0.001215)),
    input_by_part_load=(0.222903, 0.313387, 0.46371),
    min_leaving_celsius=5.0,
    max_leaving_celsius=10.0,
    min_condenser_celsius=24.0,
    max_condenser_celsius=35.0,
    min_part_load_ratio=0.1,
    min_unloading_ratio=0.2,
)
"""Water-cooled centrifugal chiller, reference 6.67 Celsius leaving, 29.4 Celsius condenser water."""

AIR_COOLED = ChillerCurves(
    reference_cop=None,
    capacity_by_temperature=Biquadratic((1.0433825, 0.0407073, 0.0004506, -0.0041514, -8.86e-05, -0.0003467)),
    input_by_temperature=Biquadratic((0.5961907, -0.0099493, 0.0007888, 0.0004506, 0.0004875, -0.0007623)),
    input_by_part_load=(0.141, 0.655, 0.203),
    min_leaving_celsius=5.0,
    max_leaving_celsius=10.0,
    min_condenser_celsius=12.7,
    max_condenser_celsius=51.67,
    min_part_load_ratio=0.15,
    min_unloading_ratio=0.15,
)
"""Air-cooled centrifugal chiller, normalised, reference 6.67 Celsius leaving, 35 Celsius air."""
