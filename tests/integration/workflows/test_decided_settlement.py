"""What people decide reaches the next version: measured again, an amount booked, other rules applied."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from support.market import (
    EVENING,
    FIVE,
    GATE,
    NOON,
    RULES,
    Market,
    content_of,
    make_enrolled_market,
    market_copied,
)
from support.settlement_desk import ANNA, BEN, actions

from vpp.dispatch.instruction import InstructionState
from vpp.settlement.adjustment import AdjustmentState
from vpp.settlement.run_type import RunType
from vpp.telemetry.roll_up import RollUpLevel
from vpp.workflows.adjusting import decide_adjustment, propose_adjustment
from vpp.workflows.adjustment_checks import AdjustmentProposal
from vpp.workflows.deciding_disputes import uphold_dispute
from vpp.workflows.disputing import create_dispute
from vpp.workflows.identity import Principal, Role
from vpp.workflows.recording import product_of
from vpp.workflows.rule_corrections import decide_correction, propose_correction
from vpp.workflows.settlement_dues import look_at_settlements
from vpp.workflows.settlement_outcome import RunOutcome
from vpp.workflows.settling import run_settlement

OWNER = Principal("owner", "owner-north-2", None, frozenset({Role.SITE_OWNER}))
APRIL = datetime(2026, 4, 2, 1, tzinfo=UTC)
"""The month is over everywhere, and what was first written on its fifth may still be disputed for a day."""
STATEMENT = "owner-north-2-2026-03-v1"
SETTLED_AT = EVENING.end + timedelta(hours=4)


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A settled evening; of the second site's readings none had come."""
    folder = tmp_path_factory.mktemp("settled")
    market = make_enrolled_market(folder)
    market.open_auction(150.0)
    market.bid("north-1", 100.0, "60")
    market.bid("north-2", 100.0, "90")
    market.advance(GATE + timedelta(minutes=1))
    for instruction in market.instructions():
        market.report(instruction, InstructionState.ACCEPTED)
    market.advance(EVENING.end)
    deliver(market, "north-1")
    market.advance(SETTLED_AT)
    market.units.close()
    return content_of(folder)


@pytest.fixture
def settled(evening: bytes, tmp_path: Path) -> Market:
    return market_copied(tmp_path, evening, SETTLED_AT)


def deliver(market: Market, site_id: str, reduction_kw: float = 100.0) -> None:
    load = np.full(int((EVENING.end - NOON) / FIVE), 1000.0)
    load[int((EVENING.start - NOON) / FIVE) :] -= reduction_kw
    market.meter(site_id, 1000, NOON, load)


def settle(market: Market, run_type: RunType | None = None) -> RunOutcome:
    return run_settlement(market.units, RULES, "2026-03", run_type=run_type, actor="anna")


def versions(market: Market, party_id: str) -> list[list[dict[str, str]]]:
    """Return the rows of every version of a party's statement."""
    with market.units(write=False) as uow:
        records = [one.value for one in uow.statements.page(where={"party_id": party_id})]
    tables = []
    for record in sorted(records, key=lambda record: record.version):
        [content] = [
            content
            for name, content in record.files.items()
            if name.endswith(".csv") and not name.endswith(".summary.csv")
        ]
        tables.append(list(csv.DictReader(io.StringIO(content.decode(), newline=""))))
    return tables


def ledger_total(market: Market, party_id: str) -> Decimal:
    with market.units(write=False) as uow:
        return sum(
            (
                amount
                for account, amount in uow.ledger.balances(period="2026-03")
                if account.party_id == party_id
            ),
            Decimal(0),
        )


def raise_and_uphold(market: Market, *numbers: int, measure_again: bool) -> str:
    raised = create_dispute(
        market.units, RULES, OWNER, statement_id=STATEMENT, line_numbers=numbers,
        description="our meter was online", request_id="",
    ).value  # fmt: skip
    uphold_dispute(
        market.units, ANNA, raised.dispute_id, resolution="its readings came by post",
        measure_again=measure_again,
    )  # fmt: skip
    return raised.dispute_id


def test_an_upheld_dispute_is_measured_again_even_after_the_final_version(settled: Market) -> None:
    settled.clock.advance_to(APRIL)
    assert settle(settled, RunType.FINAL).run is not None
    settled.clock.advance_to(APRIL + timedelta(hours=1))
    deliver(settled, "north-2", 50.0)
    settled.meter("north-1", 2000, EVENING.start, np.full(24, 990.0))
    noted = settle(settled)
    assert noted.run is None  # late readings alone change nothing any more
    assert any("not settled" in note for note in noted.notes)
    last = len(versions(settled, "owner-north-2"))
    raised = create_dispute(
        settled.units, RULES, OWNER, statement_id=f"owner-north-2-2026-03-v{last}", line_numbers=(1,),
        description="our meter was online", request_id="",
    ).value  # fmt: skip
    assert settle(settled).run is None  # nor does an objection that nobody has decided
    uphold_dispute(
        settled.units, ANNA, raised.dispute_id, resolution="its readings came by post", measure_again=True
    )
    run = settle(settled).run
    assert run is not None
    assert run.run_type is RunType.ADJUSTMENT
    assert "owner-north-1-2026-03-v" not in " ".join(run.statement_ids)  # whose lines are as they were
    changed = [row["site_id"] for row in versions(settled, "grid")[-1] if Decimal(row["delta_amount"])]
    assert set(changed) == {"north-2"}
    *_, final, newest = versions(settled, "owner-north-2")
    assert sum(Decimal(row["amount"]) for row in final) != sum(Decimal(row["amount"]) for row in newest)
    assert sum(Decimal(row["amount"]) for row in newest) == ledger_total(settled, "owner-north-2")
    assert settle(settled).run is None


def disputed_after_final(market: Market) -> str:
    """Settle for the last time with the second site's readings, and let its owner object."""
    market.clock.advance_to(APRIL)
    deliver(market, "north-2")
    assert settle(market, RunType.FINAL).run is not None
    market.clock.advance_to(APRIL + timedelta(hours=1))
    last = len(versions(market, "owner-north-2"))
    return create_dispute(
        market.units, RULES, OWNER, statement_id=f"owner-north-2-2026-03-v{last}", line_numbers=(1,),
        description="the meter is wrong", request_id="",
    ).value.dispute_id  # fmt: skip


def test_readings_that_are_no_longer_kept_take_nothing_from_whoever_won_a_dispute(settled: Market) -> None:
    dispute_id = disputed_after_final(settled)
    with settled.units() as uow:
        while uow.telemetry.forget(["north-1", "north-2"], APRIL):
            pass
        uow.roll_ups.forget(["north-1", "north-2"], APRIL, RollUpLevel.METERING)
        uow.commit()
    uphold_dispute(settled.units, ANNA, dispute_id, resolution="let us look", measure_again=True)
    outcome = settle(settled)
    assert (outcome.run, outcome.changes) == (None, ())
    assert list(outcome.notes) == [
        "readings of 1 sites are no longer kept, so they are not measured again: north-2"
    ]


def test_a_dispute_is_followed_by_a_run_that_knows_what_came_by_then(settled: Market) -> None:
    dispute_id = disputed_after_final(settled)
    settled.clock.advance_to(APRIL + timedelta(hours=2))
    settled.meter("north-2", 2000, EVENING.start, np.full(24, 950.0))
    settled.clock.advance_to(APRIL + timedelta(hours=3))
    uphold_dispute(settled.units, ANNA, dispute_id, resolution="read again today", measure_again=True)
    settled.clock.advance_to(APRIL + timedelta(hours=4))
    proposal = AdjustmentProposal(
        period="2026-03", payer_party_id="grid", payee_party_id="hub", amount=Decimal(1), currency="GBP",
        reason="a fee", event_id="evening",
    )  # fmt: skip
    proposed = propose_adjustment(settled.units, RULES, ANNA, proposal, request_id="").value
    decide_adjustment(settled.units, BEN, proposed.adjustment_id, AdjustmentState.APPROVED)
    earlier = run_settlement(settled.units, RULES, "2026-03", as_of=APRIL + timedelta(hours=1))
    assert [change.party_id for change in earlier.changes] == ["grid", "hub"]  # no reading of later
    later = settle(settled)
    assert [change.party_id for change in later.changes] == ["grid", "hub", "owner-north-2"]


def test_a_dispute_that_changes_nothing_is_looked_at_for_thirty_days(settled: Market) -> None:
    dispute_id = disputed_after_final(settled)
    uphold_dispute(settled.units, ANNA, dispute_id, resolution="let us look", measure_again=True)
    decided_at = settled.clock.now()
    for days, owed in ((1, 1), (29, 2), (31, 2)):
        settled.clock.advance_to(decided_at + timedelta(days=days))
        look_at_settlements(settled.units, RULES, f"{settled.clock.now() - timedelta(days=1):%Y-%m-%d}")
        settled.advance(settled.clock.now())  # what is owed is done
        assert settle(settled).run is None
        assert actions(settled, "periods/2026-03").count(("hub", "owe_settlement")) == owed


def test_an_approved_amount_is_booked_once_with_the_next_version(settled: Market) -> None:
    dispute_id = raise_and_uphold(settled, 1, measure_again=False)
    assert settle(settled).run is None  # upheld, but no amount has been agreed to
    proposal = AdjustmentProposal(
        period="2026-03", payer_party_id="grid", payee_party_id="owner-north-2", amount=Decimal("12.50"),
        currency="GBP", reason="read by hand", site_id="north-2", dispute_id=dispute_id,
    )  # fmt: skip
    adjustment = propose_adjustment(settled.units, RULES, ANNA, proposal, request_id="").value
    assert settle(settled).run is None
    decide_adjustment(settled.units, BEN, adjustment.adjustment_id, AdjustmentState.APPROVED)
    run = settle(settled).run
    assert run is not None
    assert run.run_type is RunType.ADJUSTMENT
    for party_id, amount in (("owner-north-2", "12.50"), ("grid", "-12.50")):
        first, second = versions(settled, party_id)
        [row] = [row for row in second if row["line_code"] == "ADJ_DISPUTE"]
        assert (row["amount"], row["delta_amount"], row["site_id"]) == (amount, amount, "north-2")
        assert "read by hand" in row["note"]
        assert [each["amount"] for each in second if each is not row] == [each["amount"] for each in first]
        assert sum(Decimal(each["amount"]) for each in second) == ledger_total(settled, party_id)
    assert settle(settled).run is None


def test_an_amount_by_hand_has_a_line_of_its_own(settled: Market) -> None:
    for amount in ("1.00", "2.00"):
        proposal = AdjustmentProposal(
            period="2026-03", payer_party_id="owner-north-2", payee_party_id="grid", amount=Decimal(amount),
            currency="GBP", reason="=SUM(A1)", site_id="north-2",
        )  # fmt: skip
        adjustment = propose_adjustment(settled.units, RULES, ANNA, proposal, request_id="").value
        decide_adjustment(settled.units, BEN, adjustment.adjustment_id, AdjustmentState.APPROVED)
    settle(settled)
    rows = [row for row in versions(settled, "owner-north-2")[1] if row["line_code"] == "ADJ_MANUAL"]
    assert [(row["amount"], row["flow"]) for row in rows] == [("-1.00", "CHARGE"), ("-2.00", "CHARGE")]
    ids = [row["adjustment_id"] for row in rows]
    assert [one.rpartition("-")[2] for one in ids] == ["1", "2"]
    assert not any(row["note"].startswith("=") for row in rows)


@pytest.mark.parametrize("is_closed", [False, True])
def test_corrected_rules_change_what_the_event_is_worth(settled: Market, *, is_closed: bool) -> None:
    if is_closed:
        settled.clock.advance_to(APRIL)
        assert settle(settled, RunType.FINAL).run is not None
        deliver(settled, "north-2")
    event = settled.event()
    with settled.units() as uow:
        own = product_of(uow, event.product_id, event.product_version)
        halved = own.money.model_copy(update={"aggregator_fee_ratio": own.money.aggregator_fee_ratio * 2})
        uow.products.add(own.model_copy(update={"version": own.version + 1, "money": halved}))
        uow.commit()
    assert settle(settled).run is None  # a new version of a product changes no event that was called before
    propose_correction(
        settled.units, ANNA, event_id="evening", to_version=own.version + 1, reason="the fee was agreed anew",
        request_id="",
    )  # fmt: skip
    assert settle(settled).run is None
    decide_correction(settled.units, BEN, "evening-r1", AdjustmentState.APPROVED)
    outcome = settle(settled)
    assert outcome.run is not None
    late = [note for note in outcome.notes if "has changed after the final version" in note]
    assert [note.rpartition(": ")[2] for note in late] == (["north-2"] if is_closed else [])
    *_, first, second = versions(settled, "hub")
    fees = [
        [Decimal(row["amount"]) for row in table if row["line_code"] == "AGG_FEE"]
        for table in (first, second)
    ]
    assert all(later > earlier for earlier, later in zip(*fees, strict=True) if earlier)
    assert {row["product_version"] for row in second} == {str(own.version + 1)}
    assert {row["product_version"] for row in first} == {str(own.version)}
    note = f"version {own.version + 1} of its product in place of {own.version}: the fee was agreed anew"
    *_, own_rows = versions(settled, "owner-north-1")
    measured = [row["note"] for row in own_rows if row["line_code"] == "ENERGY"]
    assert measured
    assert all(note in words for words in measured)  # the parties read why
    assert sum(fees[1]) == ledger_total(settled, "hub")
