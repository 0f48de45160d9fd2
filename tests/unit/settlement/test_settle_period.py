from collections.abc import Callable

from vpp.settlement.ledger import check_balanced, postings
from vpp.settlement.run_type import RunType
from vpp.settlement.settle_period import settle_period
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.statement import Statement
from vpp.telemetry.quality import MeterQuality

Delivery = Callable[..., SiteDelivery]


def run(*deliveries: SiteDelivery, **changes: object) -> dict[str, Statement]:
    statements = settle_period(
        "2026-03", deliveries, operator_party_id="grid", aggregator_party_id="hub", **changes
    )
    return {statement.party_id: statement for statement in statements}


def test_every_party_gets_a_statement_and_they_add_up_to_zero(delivery: Delivery) -> None:
    statements = run(delivery(), delivery(["60", "90"], site_id="south-1", party_id="bolt"))
    assert list(statements) == ["acme", "bolt", "grid", "hub"]
    assert sum(statement.total for statement in statements.values()) == 0


def test_a_party_with_nothing_to_state_gets_none(delivery: Delivery) -> None:
    assert list(run(delivery(["0"]))) == ["acme", "grid"]


def test_an_empty_period_has_no_statements() -> None:
    assert run() == {}


def test_late_readings_make_new_versions_that_balance(delivery: Delivery) -> None:
    first = run(delivery(["0", "0"], quality=MeterQuality.MISSING))
    second = run(delivery(["60", "100"]), previous=first)
    assert {statement.run_type for statement in second.values()} == {RunType.RECALC}
    assert {party: statement.version for party, statement in second.items()} == {
        "acme": 2,
        "grid": 2,
        "hub": 1,  # had nothing to state before
    }
    check_balanced(
        posting
        for statements in (first, second)
        for statement in statements.values()
        for posting in postings(statement)
    )


def test_versions_reach_the_result_of_a_single_run(delivery: Delivery) -> None:
    first = run(delivery(["100", "40"], quality=MeterQuality.ESTIMATED))
    second = run(delivery(["60", "100"]), previous=first, run_type=RunType.FINAL)
    at_once = run(delivery(["60", "100"]), run_type=RunType.FINAL)
    for party, statement in second.items():
        assert first[party].delta + statement.delta == at_once[party].total == statement.total
