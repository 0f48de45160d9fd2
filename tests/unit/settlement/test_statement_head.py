import pytest

from vpp.foundation.errors import InvalidInput
from vpp.settlement.run_type import RunType
from vpp.settlement.statement_head import StatementHead, statement_id_of


@pytest.mark.parametrize(
    "party_id", ["../etc/passwd", "a/b", "A", "", "1a", "a.b", "=1", "a" * 200, "a\n", "a b", "北京"]
)
def test_no_id_points_out_of_a_folder(party_id: str) -> None:
    with pytest.raises(InvalidInput):
        statement_id_of(party_id, "2026-03", 1)


@pytest.mark.parametrize(("previous", "number"), [("", None), ("acme-2026-03-v2", 2)])
def test_the_version_before_is_numbered(previous: str, number: int | None) -> None:
    head = StatementHead("acme-2026-03-v3", "acme", "2026-03", 3, RunType.RECALC, "GBP", previous)
    assert head.prev_version == number


def test_files_of_other_currencies_are_told_apart() -> None:
    stems = {
        StatementHead(
            statement_id_of("acme", "2026-03", 1, currency), "acme", "2026-03", 1, RunType.INITIAL, "JPY"
        ).stem
        for currency in ("", "JPY")
    }
    assert stems == {"statement_acme_2026-03_v1", "statement_acme_2026-03_jpy_v1"}
