from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from vpp.portfolio.product import BaselineRules

RulesFactory = Callable[..., BaselineRules]


@pytest.fixture
def make_rules() -> RulesFactory:
    """High 4 of 5 with an adjustment from 3 h to 1 h before the event; fields can be replaced."""

    def make(**changes: Any) -> BaselineRules:  # noqa: ANN401  a test replaces any field
        fields: dict[str, Any] = {
            "baseline_id": "high-4-of-5",
            "day_count": 4,
            "candidate_count": 5,
            "holiday_day_count": 2,
            "holiday_candidate_count": 3,
            "lookback_days": 45,
            "low_use_ratio": 0.25,
            "latest_day_offset": 1,
            "adjustment_begin": timedelta(hours=3),
            "adjustment_end": timedelta(hours=1),
            "adjustment_cap_ratio": 0.2,
        }
        return BaselineRules(**(fields | changes))

    return make
