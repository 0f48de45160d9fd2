import pytest

from vpp.storage.row_rules import HUB_ONLY, ROW_RULES, Rights, RowRule, Writes
from vpp.storage.tables import METADATA, audit, ledger_guards, revenue

NAMES = {"row": "r", "party": "'p'", "site": "''", "kind": "'tenant'", "schema": ""}
rule = pytest.mark.parametrize("rule", ROW_RULES, ids=lambda each: each.table)


def test_every_table_has_one_rule() -> None:
    assert sorted(each.table for each in ROW_RULES) == sorted(METADATA.tables)


def test_nothing_that_triggers_keep_may_be_changed_by_the_hubs_user() -> None:
    kept = {*audit.FIXED, *ledger_guards.FIXED, *revenue.FIXED, "products"}
    assert kept <= {each.table for each in ROW_RULES if each.rights is Rights.ADDS}


def test_little_can_be_removed() -> None:
    pruned = {each.table for each in ROW_RULES if each.rights is Rights.PRUNES}
    assert pruned == {"telemetry_held", "telemetry_late", "telemetry_roll_ups"}


@rule
def test_a_rule_can_be_filled_in(rule: RowRule) -> None:
    assert "{" not in rule.own.format(**NAMES)


@rule
def test_whoever_writes_any_row_has_a_reason_and_reads_none(rule: RowRule) -> None:
    if rule.writes is Writes.ANY:
        assert rule.seen_in_writing
        assert rule.own == HUB_ONLY or "chain" in rule.own
