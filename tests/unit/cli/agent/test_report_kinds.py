from datetime import UTC, datetime, timedelta

import pytest

from vpp.agent.resource_report import ResourceReport
from vpp.cli.agent.report_kinds import responses_by_kind
from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.kept_promises import KeptPromise
from vpp.flexibility.mosaic_numbers import nothing

START = datetime(2026, 3, 4, tzinfo=UTC)


def resource(resource_id: str, kind: str, ratios: list[float]) -> ResourceReport:
    return ResourceReport(
        resource_id=resource_id,
        kind=kind,
        health="ok",
        down=None,
        up=None,
        down_numbers=nothing(FlexDirection.LOAD_DOWN),
        up_numbers=nothing(FlexDirection.LOAD_UP),
        is_learned=False,
        promises=tuple(
            KeptPromise(START + timedelta(hours=n), 100.0, 0.9, ratio) for n, ratio in enumerate(ratios)
        ),
        test_count=len(ratios),
        unclear_count=0,
        failed_count=0,
        noise_ratio=None,
    )


def test_resources_of_a_kind_are_judged_together() -> None:
    resources = [
        resource("a", "battery", [1.0, 0.8]),
        resource("b", "battery", [0.9]),
        resource("c", "ups", []),
    ]
    battery, ups = responses_by_kind(resources)
    assert (battery.kind, battery.resource_count, battery.kept_count) == ("battery", 2, 2)
    assert (battery.promised_kw, battery.delivered_kw) == pytest.approx((90.0, 90.0))
    assert (battery.low_ratio, battery.high_ratio) == (None, None)  # three say nothing of one in ten
    assert battery.middle_ratio == pytest.approx(0.9)
    assert (ups.kept_count, ups.promised_kw, ups.low_ratio) == (0, 0.0, None)


def test_nine_responses_say_what_comes_nine_times_in_ten() -> None:
    (kind,) = responses_by_kind([resource("a", "battery", [0.8 + 0.02 * n for n in range(9)])])
    assert (kind.low_ratio, kind.middle_ratio, kind.high_ratio) == pytest.approx((0.816, 0.88, 0.944))


def test_two_responses_have_no_quantiles() -> None:
    (kind,) = responses_by_kind([resource("a", "chiller", [0.5, 0.6])])
    assert (kind.low_ratio, kind.middle_ratio, kind.kept_count) == (None, None, 0)
