"""What is written to registers is what is read from them, in every type and order."""

import math

from hypothesis import given
from hypothesis import strategies as st

from vpp.agent.drivers.register_map import FORMATS, Register, WordOrder


@given(
    kind=st.sampled_from(sorted(FORMATS)),
    order=st.sampled_from(["big", "little"]),
    value=st.floats(-3000, 3000),
    scale=st.sampled_from([0.1, 1.0, -0.5, 2.5]),
    offset=st.sampled_from([0.0, -40.0]),
)
def test_a_value_comes_back_within_half_a_count(
    kind: str, order: WordOrder, value: float, scale: float, offset: float
) -> None:
    register = Register.model_validate({"address": 0, "type": kind, "scale": scale, "offset": offset})
    try:
        words = register.registers(value, order)
    except ValueError:
        count = round((value - offset) / scale)
        assert count < 0 or abs(count) > 32767, "only what the type cannot hold is refused"
        return
    assert len(words) == register.size
    assert all(0 <= word <= 65535 for word in words)
    tolerance = 1e-3 if "float" in kind else abs(scale) / 2 + 1e-9
    assert math.isclose(register.value(words, order), value, abs_tol=tolerance)
