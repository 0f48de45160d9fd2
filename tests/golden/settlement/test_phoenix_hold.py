"""The hold of a published field trial: a 256-GPU cluster in Phoenix, 3 May 2025, 16:30 to 19:30.

Baseline is the mean from 15:10 to 16:10, 92.8697 kW; the target is 25 % of it, 23.2174 kW, for three
hours 69.6522 kWh. Delivered were 86.9698 kWh, 1.24863 of the target. Power was measured at the GPU
boards, which no product pays for: what is tested is the arithmetic of measurement and bands.

Source:
    ai-emerald/emerald-ai-demo-may-2025, Apache-2.0, one value per minute; the expected figures were
    computed from it.
"""

import os
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from support.judged import assess

from vpp.foundation.interval import Interval
from vpp.foundation.series import regular, resample_mean_kw, starts
from vpp.portfolio.money_rules import MoneyRules
from vpp.settlement.delivery import MeasuredInterval, measured_intervals
from vpp.telemetry.quality import MeterQuality

QUARTER = timedelta(minutes=15)
PHOENIX = timezone(timedelta(hours=-7))
SHARED = Path(os.environ.get("VPP_SHARED_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
FILE = SHARED / "reference" / "phoenix_2025-05-03_power.csv"
ROUNDING_KWH = 0.0005 * 2 * 12  # two energies per interval, twelve intervals


def local(hour: int, minute: int) -> pd.Timestamp:
    return pd.Timestamp(datetime(2025, 5, 3, hour, minute, tzinfo=PHOENIX)).tz_convert("UTC")


@pytest.fixture(scope="module")
def hold() -> tuple[MeasuredInterval, ...]:
    if not FILE.exists():
        pytest.skip(f"measured data are not there: {FILE.name}; set VPP_SHARED_DATA to their folder")
    table = pd.read_csv(FILE)
    minutes = regular(
        table["power_kw"].to_numpy(),
        pd.Timestamp(table["time_local"].iloc[0]).tz_convert("UTC"),
        timedelta(minutes=1),
    )
    before = minutes[local(15, 10) : local(16, 9)]
    baseline_kw = float(before.mean())
    assert (len(before), round(baseline_kw, 4)) == (60, 92.8697)
    start, end = local(16, 30), local(19, 30)
    power = resample_mean_kw(minutes.loc[start:].asfreq("1min"), QUARTER).iloc[:12]
    base = [baseline_kw] * 12
    target_kw = [0.25 * baseline_kw] * 12
    span = Interval(start.to_pydatetime(), end.to_pydatetime())
    return measured_intervals(
        "phoenix",
        [Interval(at, at + QUARTER) for at in starts(span, QUARTER)],
        award_kw=target_kw,
        target_kw=target_kw,
        baseline_raw_kw=base,
        baseline_kw=base,
        metered_kw=power.tolist(),
        quality=[MeterQuality.OK] * 12,
    )


def test_the_reduction_is_the_published_one(hold: tuple[MeasuredInterval, ...]) -> None:
    delivered_kwh = float(sum(each.delivered_kwh or 0 for each in hold))
    target_kwh = float(sum(each.target_kw for each in hold)) / 4
    baseline_kwh = float(sum(each.baseline_kwh or 0 for each in hold))
    assert delivered_kwh == pytest.approx(86.9698, abs=ROUNDING_KWH)
    assert target_kwh == pytest.approx(69.6522, abs=ROUNDING_KWH)
    assert delivered_kwh / target_kwh == pytest.approx(1.24863, abs=0.0003)
    assert delivered_kwh / baseline_kwh == pytest.approx(0.312, abs=0.0005)


@pytest.mark.parametrize(("cap", "payable_kwh"), [("1", 69.6522), ("1.2", 83.3949), ("1.5", 86.9698)])
def test_payable_energy_under_three_caps(
    hold: tuple[MeasuredInterval, ...], cap: str, payable_kwh: float
) -> None:
    rules = MoneyRules.model_validate(
        {
            "currency": "USD",
            "pay_rule": "as_clear",
            "band_low_ratio": "0",
            "band_full_ratio": "1",
            "band_cap_ratio": cap,
            "penalty_formula_id": "none",
            "penalty_ratio": "0",
            "availability_price_per_kw_h": "0",
            "aggregator_fee_ratio": "0",
        }
    )
    judged = [assess(each, rules, Decimal(2000)) for each in hold]
    assert float(sum(each.payable_kwh for each in judged)) == pytest.approx(payable_kwh, abs=ROUNDING_KWH)
