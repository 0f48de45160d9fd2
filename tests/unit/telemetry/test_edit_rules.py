from datetime import timedelta

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.telemetry.edit_rules import EditRules


@pytest.mark.parametrize("field", ["like_count", "max_scale_ratio", "spike_ratio"])
def test_counts_and_ratios_are_at_least_one(field: str) -> None:
    with pytest.raises(InvalidInput, match=f"{field} is 0, expected at least 1"):
        EditRules(**{field: 0})  # type: ignore[arg-type]  # the value is what the test is about


def test_a_line_spans_no_more_than_like_days_do() -> None:
    with pytest.raises(InvalidInput, match="linear_gap is 8 days"):
        EditRules(linear_gap=timedelta(days=8))
