"""Baselines with what stands behind them, over the wire, and what each caller sees of it."""

import grpc
import numpy as np
import pytest
from support.market import EVENING, FIVE, GATE, NOON, RULES, Market
from support.products import shipped_rules
from support.serving import Served

from vpp.v1 import baseline_pb2 as pb
from vpp.v1.baseline_pb2_grpc import BaselineServiceStub
from vpp.workflows.choosing_rules import choose_rules

EVENT, SITE = "events/evening", "sites/a"
PRODUCT = "products/example-peak-shaving"


def measure(market: Market) -> None:
    """Sell the evening, meter up to it with one reading missing, and freeze the baselines."""
    for site_id in ("a", "b"):
        first = NOON.replace(hour=0) - 30 * 288 * FIVE
        noise = np.random.default_rng(5).normal(1000.0, 5.0, int((NOON - first) / FIVE))
        market.meter(site_id, 500, first, noise)
    choose_rules(market.units, market.pool, RULES, "2026-03-04")
    market.open_auction(150.0)
    for site_id in ("a", "b"):
        market.bid(site_id, 100.0, "60")
    market.advance(GATE + FIVE)
    market.clock.advance_to(EVENING.start - 24 * FIVE)
    evening = np.random.default_rng(6).normal(1000.0, 5.0, int((EVENING.start - NOON) / FIVE) - 24)
    for site_id in ("a", "b"):
        market.meter(site_id, 2000, NOON, evening[:10])
        market.meter(site_id, 3000, NOON + 11 * FIVE, evening[11:])
    market.advance(EVENING.start)


@pytest.fixture
async def measured(hub: Served) -> Served:
    measure(hub.market)
    return hub


async def test_a_baseline_names_its_rule_its_data_and_its_score(measured: Served) -> None:
    request = pb.GetBaselineRequest(event=EVENT, site=SITE)
    baseline = await measured.call("owner-a", BaselineServiceStub, "GetBaseline", request)
    rule = shipped_rules()[baseline.baseline_id]
    assert (baseline.version_number, baseline.rule_digest) == (rule.version, rule.digest)
    assert (len(baseline.data_version), baseline.adjustment_ratio) == (64, 1.0)
    assert baseline.engine_version
    assert baseline.score.passed
    assert 0.0 < baseline.score.rrmse_ratio < 0.01
    assert baseline.score.rmae_ratio > 0.0
    assert baseline.adjusted_series.net_power_kw == pytest.approx([1000.0] * 8, rel=0.01)
    assert any("are estimates" in note for note in baseline.notes)


async def test_a_baseline_can_be_verified_by_whom_it_concerns(measured: Served) -> None:
    request = pb.VerifyBaselineRequest(event=EVENT, site=SITE)
    for token in ("owner-a", "operator", "auditor"):
        answer = await measured.call(token, BaselineServiceStub, "VerifyBaseline", request)
        assert (answer.matches, list(answer.differences)) == (True, [])
    code, _, _ = await measured.refused("owner-b", BaselineServiceStub, "VerifyBaseline", request)
    assert code is grpc.StatusCode.NOT_FOUND


async def test_edited_readings_are_listed_for_whom_they_concern(measured: Served) -> None:
    request = pb.ListMeterEditsRequest(event=EVENT, site=SITE)
    answer = await measured.call("agent-a", BaselineServiceStub, "ListMeterEdits", request)
    [edit] = [each for each in answer.edits if each.flag == "missing+linear"]
    assert edit.interval.start_time.ToDatetime(tzinfo=NOON.tzinfo) == NOON + 10 * FIVE
    assert np.isnan(edit.raw_kw).all()
    assert edit.edited_kw[0] == pytest.approx(1000.0, rel=0.02)
    code, _, _ = await measured.refused("owner-b", BaselineServiceStub, "ListMeterEdits", request)
    assert code is grpc.StatusCode.NOT_FOUND
    wrong = pb.ListMeterEditsRequest(event=EVENT, site=SITE, page_token="x")  # noqa: S106  no password
    code, reason, _ = await measured.refused("agent-a", BaselineServiceStub, "ListMeterEdits", wrong)
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_INPUT")


async def test_rules_are_listed_for_whom_they_concern(measured: Served) -> None:
    every = pb.ListRuleChoicesRequest(product=PRODUCT)
    listed = await measured.call("operator", BaselineServiceStub, "ListRuleChoices", every)
    assert [choice.site for choice in listed.choices] == ["sites/a", "sites/b"]
    own = await measured.call("owner-b", BaselineServiceStub, "ListRuleChoices", every)
    assert [choice.site for choice in own.choices] == ["sites/b"]
    page = pb.ListRuleChoicesRequest(site=SITE, page_size=1)
    first = await measured.call("operator", BaselineServiceStub, "ListRuleChoices", page)
    page.page_token = first.next_page_token
    second = await measured.call("operator", BaselineServiceStub, "ListRuleChoices", page)
    assert [choice.product for choice in (*first.choices, *second.choices)] == [
        "products/example-emergency",
        PRODUCT,
    ]
    request = pb.GetRuleChoiceRequest(site=SITE, product=PRODUCT)
    choice = await measured.call("agent-a", BaselineServiceStub, "GetRuleChoice", request)
    assert choice == second.choices[0]
    assert (choice.season, choice.recommended) == ("2025-winter", True)
    assert {score.baseline_id for score in choice.scores} == {"example-high-4-of-5", "ten-of-ten"}
    assert all(score.scored and score.passed and score.verified for score in choice.scores)
    request.season = "2020-winter"
    code, _, _ = await measured.refused("agent-a", BaselineServiceStub, "GetRuleChoice", request)
    assert code is grpc.StatusCode.NOT_FOUND
    code, _, _ = await measured.refused(
        "agent-b", BaselineServiceStub, "GetRuleChoice", pb.GetRuleChoiceRequest(site=SITE, product=PRODUCT)
    )
    assert code is grpc.StatusCode.NOT_FOUND
