from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from vpp.cli.demo.checks import (
    EventEnergy,
    InstructionFact,
    JournalFact,
    StatementFact,
    delivered_in_band,
    energy_agrees,
    every_bid_has_reason,
    every_site_forecast,
    instructions_answered_once,
    killed_site_resumed,
    money_balances,
    only_certificates_get_in,
    refusal_has_reason,
    statements_add_up,
)
from vpp.cli.demo.doors import DoorFacts

ONE = "instructions/evening-m0-north-1"
TWO = "instructions/evening-m0-north-2"
DONE = InstructionFact(ONE, "north-1", "COMPLETED")
NO = InstructionFact(TWO, "north-2", "REFUSED", "MAINTENANCE", "chiller overhaul")
JOURNALS = [
    JournalFact("north-1", 0, [1, 2, 3], [ONE], [(ONE, "COMPLETED")]),
    JournalFact("north-2", 0, [1, 2, 3], [TWO], [(TWO, "REFUSED")]),
]


@pytest.mark.parametrize(
    ("delivered_kwh", "held"), [(899.0, False), (900.0, True), (1200.0, True), (1201.0, False), (-5.0, False)]
)
def test_the_band_includes_its_ends(delivered_kwh: float, held: bool) -> None:  # noqa: FBT001  a table's column
    (row,) = delivered_in_band([EventEnergy("evening", 1000.0, delivered_kwh, 0.9, 1.2)])
    assert row.held is held
    assert "band 0.9 to 1.2" in row.figures


def test_an_event_without_target_proves_nothing() -> None:
    (row,) = delivered_in_band([EventEnergy("evening", 0.0, 0.0, 0.9, 1.2)])
    assert not row.held


def test_each_instruction_once_holds() -> None:
    assert [row.held for row in instructions_answered_once([DONE, NO], JOURNALS)] == [True, True]


@pytest.mark.parametrize(
    ("journal", "word"),
    [
        (JournalFact("north-1", 0, [1, 2], [], []), "lost"),
        (JournalFact("north-1", 0, [1, 2], [ONE, ONE], [(ONE, "COMPLETED")]), "doubled"),
        (JournalFact("north-1", 0, [1, 2], [ONE], [(ONE, "COMPLETED"), (ONE, "COMPLETED")]), "doubled"),
        (JournalFact("north-1", 0, [1, 2], [ONE], [(ONE, "ABORTED")]), "differing"),
    ],
)
def test_what_a_journal_gives_away(journal: JournalFact, word: str) -> None:
    row = instructions_answered_once([DONE, NO], [journal, JOURNALS[1]])[0]
    assert not row.held
    assert f"{word}: {ONE}" in row.figures


def test_an_open_instruction_is_unanswered() -> None:
    row = instructions_answered_once([replace(DONE, state="STARTED"), NO], JOURNALS)[0]
    assert not row.held
    assert "unanswered" in row.figures


@pytest.mark.parametrize("sequences", [[1, 3], [1, 2, 2], [2, 3]])
def test_sequences_must_be_whole(sequences: list[int]) -> None:
    broken = replace(JOURNALS[0], sequences=sequences)
    assert not instructions_answered_once([DONE, NO], [broken, JOURNALS[1]])[1].held


def test_a_shortened_journal_counts_from_where_it_was_shortened() -> None:
    resumed = replace(JOURNALS[0], held_before=4, sequences=[3, 5, 6])
    assert instructions_answered_once([DONE, NO], [resumed, JOURNALS[1]])[1].held


def test_statements_add_up_to_the_last_penny() -> None:
    fact = StatementFact("statement_a.csv", [], Decimal("10.01"), Decimal("10.01"), 3)
    assert statements_add_up([fact]).held
    assert not statements_add_up([replace(fact, hub_total=Decimal("10.02"))]).held
    assert not statements_add_up([replace(fact, faults=["sha256 differs"])]).held
    assert not statements_add_up([]).held


def test_money_balances_exactly() -> None:
    totals = {"grid": Decimal("-10.00"), "owner": Decimal("9.00"), "aggregator": Decimal("1.00")}
    assert money_balances(totals, "GBP").held
    assert not money_balances({**totals, "owner": Decimal("9.01")}, "GBP").held
    assert not money_balances({}, "GBP").held


def test_energy_is_recomputed() -> None:
    assert energy_agrees({"evening": Decimal("99.999")}, {"evening": 100.0}).held
    assert not energy_agrees({"evening": Decimal(90)}, {"evening": 100.0}).held
    assert not energy_agrees({}, {"evening": 100.0}).held


def test_the_killed_site_must_end_its_work_and_owe_no_readings() -> None:
    at = datetime(2026, 3, 3, 17, 25, tzinfo=UTC)
    assert killed_site_resumed("north-1", at, at, [DONE], 0).held
    assert not killed_site_resumed("north-1", at, at, [DONE], 2).held
    assert not killed_site_resumed("north-1", at, at, [replace(DONE, state="EXPIRED")], 0).held
    replaced = replace(DONE, instruction="instructions/older", state="SUPERSEDED")
    assert killed_site_resumed("north-1", at, at, [replaced, DONE], 0).held
    assert not killed_site_resumed("north-1", at, at, [replaced], 0).held
    assert not killed_site_resumed("north-3", at, at, [DONE], 0).held


def test_a_refusal_needs_its_reason() -> None:
    assert refusal_has_reason("north-2", [DONE, NO]).held
    assert not refusal_has_reason("north-2", [DONE, replace(NO, reason="UNSPECIFIED")]).held
    assert not refusal_has_reason("north-1", [DONE, NO]).held


def test_bids_need_reasons_and_sites_forecasts() -> None:
    assert every_bid_has_reason({"evening/a": "ACCEPTED_IN_FULL"}).held
    assert not every_bid_has_reason({"evening/a": "ACCEPTED_IN_FULL", "evening/b": ""}).held
    assert every_site_forecast({"north-1": "mix"}, ["north-1"]).held
    assert "missing: north-2" in every_site_forecast({"north-1": "mix"}, ["north-1", "north-2"]).figures


SHUT = DoorFacts(12, "UNAVAILABLE", "UNAVAILABLE", True, "UNAUTHENTICATED", 1.2)  # noqa: FBT003  by the fields' order


@pytest.mark.parametrize(
    ("doors", "held"),
    [
        (SHUT, True),
        (replace(SHUT, plaintext_answer=None), False),
        (replace(SHUT, nameless_answer=None), False),
        (replace(SHUT, revoked_answer=None), False),
        (replace(SHUT, is_visitor_let_in=False), False),
        (replace(SHUT, certificate_count=0), False),
    ],
)
def test_an_open_door_is_seen(doors: DoorFacts, *, held: bool) -> None:
    row = only_certificates_get_in(doors)
    assert row.held is held
    assert "12 callers over mutual TLS" in row.figures or not doors.certificate_count
