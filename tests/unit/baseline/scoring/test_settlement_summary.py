import pandas as pd
import pytest
from support.baseline_sites import x_of_y
from support.scores import a_score

from vpp.baseline.scoring.gate_verdict import GateVerdict
from vpp.baseline.scoring.settlement_row import SettlementResult, SettlementRow
from vpp.baseline.scoring.settlement_summary import summarise_settlement


def test_each_series_counts_once() -> None:
    one, other = x_of_y("one"), x_of_y("other")
    rows = (
        SettlementRow("a", a_score(one, rrmse=0.05, bias=0.02), GateVerdict(passed=True, reason=""), 1.0),
        SettlementRow("a", a_score(other, rrmse=0.5), GateVerdict(passed=False, reason=""), 1.0),
        SettlementRow("b", a_score(one, rrmse=0.07, bias=-0.01), GateVerdict(passed=True, reason=""), 1.0),
        SettlementRow("c", a_score(one, rrmse=0.3, bias=0.02), GateVerdict(passed=False, reason=""), 1.0),
    )
    first, second = summarise_settlement(SettlementResult(rows, (), pd.DataFrame()))
    assert (first.method, first.series_count, first.event_count, first.cpu_s) == ("one", 3, 180, 3.0)
    assert (first.rrmse_mean_ratio, first.rrmse_median_ratio) == (pytest.approx(0.14), pytest.approx(0.07))
    assert first.bias_ratio == pytest.approx(0.01)
    assert first.raw_rrmse_mean_ratio == pytest.approx(0.28)
    assert first.passed_ratio == pytest.approx(2 / 3)
    assert (second.method, second.passed_ratio, second.verified) == ("other", 0.0, True)
