from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from vpp.portfolio.baseline_method import ForecastMethod, Method, XOfY

METHODS: TypeAdapter[Any] = TypeAdapter(Method)
HOUR = timedelta(hours=1)


def test_the_kind_tells_the_method() -> None:
    assert METHODS.validate_python({"kind": "x_of_y", "pick": "all"}) == XOfY(kind="x_of_y", pick="all")
    assert METHODS.validate_python({"kind": "forecast"}) == ForecastMethod(kind="forecast", mix="robust")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "guess"}, "does not match any of the expected tags"),
        ({"kind": "x_of_y", "pick": "tallest"}, "Input should be 'high'"),
        ({"kind": "exponential", "keep_ratio": 1.0, "start_days": 1}, "less than 1"),
        ({"kind": "around_event", "before": 0 * HOUR, "after": 0 * HOUR}, "expected a window"),
        ({"kind": "around_event", "before": -HOUR, "after": HOUR}, "greater than or equal to 0"),
        ({"kind": "firm_level", "basis": "peak_hours"}, "go with basis peak_hours"),
        (
            {"kind": "firm_level", "basis": "nominated_kw", "average": 1, "candidates": 2},
            "go with basis peak_hours",
        ),
        ({"kind": "control_group", "fewest_sites": 1, "match": 0 * HOUR}, "greater than 0"),
        ({"kind": "control_group", "fewest_sites": 0, "match": HOUR}, "greater than or equal to 1"),
        ({"kind": "forecast", "mix": "best"}, "Input should be 'fast'"),
    ],
)
def test_a_method_that_makes_no_sense_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        METHODS.validate_python(fields)
