from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from vpp.foundation.errors import BrokenPromise, InvalidInput
from vpp.settlement.adjustment import Adjustment, AdjustmentState
from vpp.settlement.run_terms import RunTerms
from vpp.settlement.run_type import RunType
from vpp.workflows.settlement_records import RunRecord
from vpp.workflows.settlement_terms import SettlementTerms, terms_document, terms_of

AT = datetime(2026, 4, 8, tzinfo=UTC)
ADJUSTMENT = Adjustment(
    adjustment_id="adj-2026-03-1",
    period="2026-03",
    payer_party_id="grid",
    payee_party_id="acme",
    amount=Decimal("12.50"),
    currency="GBP",
    reason="計量器の故障",
    event_id="evening",
    site_id="north-1",
    dispute_id="",
    state=AdjustmentState.APPROVED,
    proposed_by="anna",
    decided_by="ben",
    decided_at=AT,
)
PAIRS = frozenset({("evening", "north-2"), ("evening", "north-1"), ("dawn", "north-1")})
TERMS = SettlementTerms(RunTerms(RunType.RECALC, "hub", PAIRS, frozenset({"grid"})), (ADJUSTMENT,))
RUN = RunRecord(
    *("run-2026-03-2", "2026-03", 2, RunType.RECALC, AT, "", "test", "hub", 0, (), AT),
    terms=terms_document(TERMS),
)


def test_terms_come_back_as_they_were() -> None:
    assert terms_of(RUN) == TERMS


def test_equal_terms_are_equal_bytes() -> None:
    again = replace(TERMS, run=replace(TERMS.run, first_settled=frozenset(sorted(PAIRS))))
    assert terms_document(again) == RUN.terms
    assert b" " not in RUN.terms.replace("計量器の故障".encode(), b"")


def test_a_run_that_was_made_of_older_statements_has_none() -> None:
    with pytest.raises(InvalidInput, match="run-2026-03-2 was made of older statements"):
        terms_of(replace(RUN, terms=b""))


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"run":{}}', b"\xff"])
def test_terms_that_cannot_be_read_are_a_defect(content: bytes) -> None:
    with pytest.raises(BrokenPromise, match="terms of settlementRuns/run-2026-03-2 cannot be read"):
        terms_of(replace(RUN, terms=content))
