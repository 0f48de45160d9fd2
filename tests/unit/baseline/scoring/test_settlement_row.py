import pandas as pd
from support.scores import a_score

from vpp.baseline.scoring.gate_verdict import GateVerdict
from vpp.baseline.scoring.settlement_row import SettlementResult, SettlementRow


def test_a_table_has_the_same_columns_with_and_without_rows() -> None:
    row = SettlementRow("a", a_score(), GateVerdict(passed=True, reason="why"), 0.5)
    empty, full = (SettlementResult(rows, (), pd.DataFrame()).to_frame() for rows in ((), (row,)))
    assert list(empty.columns) == list(full.columns)
    assert full.loc[0, ["series", "method", "passed", "reason", "cpu_s"]].tolist() == [
        "a",
        "rule",
        True,
        "why",
        0.5,
    ]
