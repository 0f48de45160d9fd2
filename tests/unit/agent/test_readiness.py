"""A site that stands ready is told of it and asked for nothing: it agrees, and its load stays its own."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from support.agent_site import EVENING, Site, connected, instruction, start_site, statuses, write_site

from vpp.v1 import buyer_pb2

HOUR = timedelta(hours=1)
NOISE = 0.15
"""By how much a tenth of the load the simulated site differs from its trace without any command."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with connected(start_site(write_site(tmp_path))) as running:
        yield running


def test_it_agrees_begins_and_ends_without_moving(site: Site) -> None:
    ready = instruction([0.0] * 4, event="events/ready", start=EVENING)
    assert statuses(site.deliver(instruction=ready)) == [("ACCEPTED", "UNSPECIFIED")]
    seen = statuses(site.run_until(EVENING + 2 * HOUR))
    assert seen == [("STARTED", "UNSPECIFIED"), ("COMPLETED", "UNSPECIFIED")]
    natural_kw = np.array(site.natural_kw(EVENING, 4))
    moved_kw = natural_kw - np.array(site.metered_kw(EVENING, 4))
    assert np.abs(moved_kw).max() < NOISE * 0.1 * natural_kw.mean()


def test_it_may_be_asked_to_use_more_at_the_same_time(site: Site) -> None:
    ready = instruction([0.0] * 4, event="events/ready", start=EVENING)
    more = instruction([1.0] * 4, event="events/more", start=EVENING)
    more.direction = buyer_pb2.DIRECTION_LOAD_UP
    assert statuses(site.deliver(instruction=ready)) == [("ACCEPTED", "UNSPECIFIED")]
    [(answer, reason)] = statuses(site.deliver(instruction=more))
    assert (answer, reason) != ("REFUSED", "OUTRANKED")
