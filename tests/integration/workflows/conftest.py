from pathlib import Path

import pytest
from support.market import Market, make_market


@pytest.fixture
def market(tmp_path: Path) -> Market:
    """Two enrolled sites with two weeks of flat history, on SQLite and a manual clock."""
    market = make_market(tmp_path)
    market.enrol("north-1")
    market.enrol("north-2")
    return market
