"""A served hub with two enrolled sites."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.market import Market, make_market
from support.serving import Served, served


@pytest.fixture
def market(tmp_path: Path) -> Market:
    return make_market(tmp_path)


@pytest.fixture
def two_sites(market: Market) -> Market:
    """Sites a and b, each of an owner of its own, with little history."""
    market.enrol("a", days=1)
    market.enrol("b", days=1)
    return market


@pytest.fixture
async def hub(two_sites: Market, tmp_path: Path) -> AsyncIterator[Served]:
    async with served(two_sites, tmp_path) as serving:
        yield serving
