"""Who gets a version, and under which name, also where there are several currencies."""

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from support.market import RULES

from vpp.foundation.audit_chain import ChainHead
from vpp.foundation.errors import InvalidInput
from vpp.foundation.signed_head import SignedHead
from vpp.settlement.booking_changes import Change, Purse
from vpp.settlement.run_type import RunType
from vpp.workflows.records import StatementRecord
from vpp.workflows.settlement_rules import SettlementRules
from vpp.workflows.statement_writing import Planned, plan_statements

PERIOD = "2026-03"
HEAD = SignedHead(ChainHead("parties/acme", 3, "ab" * 32), "2026-03-31T00:00:00+00:00")


def record(party_id: str, version: int, currency: str, statement_id: str) -> StatementRecord:
    zero = Decimal(0)
    files = {f"{statement_id}.manifest.json": statement_id.encode()}
    return StatementRecord(
        statement_id, party_id, PERIOD, version, "initial", 1, currency, zero, zero, "", files
    )


class Written:
    """The statements of a unit of work, as far as planning reads them."""

    def __init__(self, *records: StatementRecord) -> None:
        self._records = {one.statement_id: one for one in records}

    def heads(self, **_: object) -> list[Any]:
        return [SimpleNamespace(value=one) for one in self._records.values()]

    def get(self, statement_id: str) -> Any:  # noqa: ANN401  a stand-in
        return SimpleNamespace(value=self._records[statement_id])


def plan(
    *purses: Purse, records: tuple[StatementRecord, ...] = (), home: str = "", kind: RunType = RunType.FINAL
) -> list[Planned]:
    parties: dict[Purse, list[Change]] = {purse: [] for purse in purses}
    rules = replace(RULES, settlement=SettlementRules(home_currency=home))
    audit = SimpleNamespace(
        newest_signed=lambda chains: {HEAD.head.chain: HEAD} if HEAD.head.chain in chains else {}
    )
    uow: Any = SimpleNamespace(statements=Written(*records), audit=audit)
    return plan_statements(uow, PERIOD, kind, parties, rules=rules, new=frozenset())


def test_the_only_currency_is_the_hub_s_own() -> None:
    assert [one.head.statement_id for one in plan(("acme", "GBP"), ("grid", "GBP"))] == [
        "acme-2026-03-v1",
        "grid-2026-03-v1",
    ]


def test_a_party_gets_the_signed_head_of_its_own_record() -> None:
    assert [one.audit_head for one in plan(("acme", "GBP"), ("grid", "GBP"))] == [HEAD, None]


def test_a_second_currency_needs_to_know_which_is_the_hub_s_own() -> None:
    with pytest.raises(
        InvalidInput, match=r"has amounts in GBP, JPY, expected one currency .* home_currency"
    ):
        plan(("acme", "GBP"), ("acme", "JPY"))
    planned = plan(("acme", "GBP"), ("acme", "JPY"), home="GBP")
    assert [(one.head.statement_id, one.head.stem) for one in planned] == [
        ("acme-2026-03-v1", "statement_acme_2026-03_v1"),
        ("acme-2026-03-jpy-v1", "statement_acme_2026-03_jpy_v1"),
    ]


def test_versions_count_on_within_a_currency() -> None:
    records = (
        record("acme", 1, "GBP", "acme-2026-03-v1"),
        record("acme", 10, "GBP", "acme-2026-03-v10"),
        record("acme", 9, "GBP", "acme-2026-03-v9"),
        record("acme", 1, "JPY", "acme-2026-03-jpy-v1"),
    )
    pounds, yen = plan(("acme", "GBP"), ("acme", "JPY"), records=records, home="GBP")
    assert (pounds.head.version, pounds.head.previous) == (11, "acme-2026-03-v10")
    assert (yen.head.version, yen.head.previous) == (2, "acme-2026-03-jpy-v1")
    assert len({pounds.previous_manifest_sha256, yen.previous_manifest_sha256, ""}) == 3


def test_the_currency_of_before_stays_in_the_chain_when_another_becomes_the_hub_s_own() -> None:
    [one] = plan(("acme", "GBP"), records=(record("acme", 1, "GBP", "acme-2026-03-v1"),), home="JPY")
    assert (one.head.statement_id, one.head.previous) == ("acme-2026-03-gbp-v2", "acme-2026-03-v1")


def test_whose_lines_stay_as_they_are_gets_no_version_but_a_final_one() -> None:
    assert plan(("acme", "GBP"), kind=RunType.RECALC) == []
    assert len(plan(("acme", "GBP"), kind=RunType.FINAL)) == 1
