"""All methods, in every role, about own, foreign and absent things: refused, hidden or served as must be."""

import asyncio
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.hub_in_process import METHODS
from support.populated_hub import AUCTIONS, CALLERS, SITES, populated_content
from support.role_matrix.additions import decidable_content
from support.role_matrix.canaries import every_canary
from support.role_matrix.run import walk_in
from support.role_matrix.walk import Findings

from vpp.foundation.log_format import CHATTY
from vpp.rpc.roles import ALLOWED
from vpp.workflows.identity import Role

BRIEF = (
    *(
        "grid-operator",
        "rival-dispatcher",
        "settlement-a",
        "settlement-b",
        "auditor",
        "meter-data",
        "administrator",
    ),
    *("owner-alder", "agent-birch", "owner-cedar"),
)
"""At least one caller of every role; the command walks as all of them."""


class Kept(logging.Handler):
    """Keeps every line that anybody logs."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture(scope="module")
def logged() -> Iterator[list[str]]:
    """Every line logged at any level, of a hub's whole life: from its first party to its last answer."""
    root, kept = logging.getLogger(), Kept()
    level = root.level
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    quiet = {name: logging.getLogger(name).level for name in CHATTY}
    for name in quiet:  # as the hub's own start does
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        for made in (populated_content, decidable_content):  # all is played anew, for the lines that it logs
            made.cache_clear()
        decidable_content()
        yield kept.lines
    finally:
        root.setLevel(level)
        for name, was in quiet.items():
            logging.getLogger(name).setLevel(was)
        root.removeHandler(kept)


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory, logged: list[str]) -> Findings:
    del logged  # it listens
    folder: Path = tmp_path_factory.mktemp("matrix")
    return asyncio.run(walk_in(folder, BRIEF))


def test_nothing_is_told_served_or_changed_that_must_not_be(findings: Findings) -> None:
    assert findings.faults == []


def test_the_walk_went_everywhere(findings: Findings) -> None:
    assert findings.cases > 2000
    assert min(findings.outcomes[name] for name in ("denied", "foreign", "seen", "nothing named")) > 200
    assert set(METHODS) == set(ALLOWED)


def test_every_request_is_one_that_the_hub_takes(findings: Findings) -> None:
    methods = {path.rpartition("/")[2] for path in METHODS}
    assert methods - findings.served == set()


def test_what_nobody_may_leak_is_known_by_the_bytes_in_which_it_is_received(findings: Findings) -> None:
    assert {label for label, _ in every_canary()} == {label for label, _ in findings.received}


def secrets_of_the_market() -> list[str]:
    """Return what no line of a log and no label may hold: bids, prices, loads, names of customers, tokens."""
    found = [one for auction in AUCTIONS.values() for one in (str(auction.target_kw), auction.price_cap)]
    for site in SITES.values():
        found += [site.price, site.sealed_price, str(site.load_kw), str(site.import_limit_kw)]
        found += [
            f"The {site.site_id} hall",
            f"Owners of {site.site_id} hall",
            f"goodwill towards {site.site_id}",
        ]
    return [*found, *(f"Bearer {name}" for name in CALLERS)]


def test_no_line_of_the_log_holds_a_price_a_load_or_a_name(findings: Findings, logged: list[str]) -> None:
    assert findings.cases
    assert any("denied" in line for line in logged)  # it did listen
    secrets = secrets_of_the_market()
    told = [line for line in logged if any(secret in line for secret in secrets)]
    assert told == []


def test_no_metric_holds_one(findings: Findings) -> None:
    secrets = [*secrets_of_the_market(), *SITES, *AUCTIONS, *CALLERS]
    assert "vpp_hub" in findings.metrics
    labels = re.findall(r'="([^"]*)"', findings.metrics)
    assert [label for label in labels if any(secret in label for secret in secrets)] == []
    plain = secrets_of_the_market()
    assert [secret for secret in plain if secret in findings.metrics] == []


def test_every_role_walks() -> None:
    assert {role for name in BRIEF for role in CALLERS[name].roles} == set(Role)
