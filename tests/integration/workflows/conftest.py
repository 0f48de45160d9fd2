from pathlib import Path

import pytest
from support.market import Market, make_enrolled_market


@pytest.fixture
def market(tmp_path: Path) -> Market:
    """Two enrolled sites with two weeks of flat history, on SQLite and a manual clock."""
    return make_enrolled_market(tmp_path)
