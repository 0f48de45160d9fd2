"""Of a clearing a site sees its own outcomes and the prices, and nothing that is summed over all bids."""

import json
from dataclasses import replace
from decimal import Decimal

from support.clearings import CLEARING, NOON

from vpp.auction.clearing_json import clearing_to_document
from vpp.auction.result import Certificate, RowDual
from vpp.rpc.wire.clearing import clearing_message, visible_document
from vpp.v1 import book_pb2
from vpp.workflows.ports import Stored
from vpp.workflows.records import ClearingRecord

SECRET = Decimal("987654.321")

SECRETIVE = replace(
    CLEARING,
    objective=SECRET,
    bound=SECRET,
    gap_ratio=0.25,
    margin_cost=SECRET,
    lost_opportunity=SECRET,
    margin_kw=(987654.0, 0.0),
    local_shortfall_kw=(("Z1", (987654.0, 0.0)),),
    certificate=Certificate(SECRET, (RowDual("run_max", ("b1", 0, 0), 60000.0),)),
)
RECORD = Stored(ClearingRecord("evening", clearing_to_document(SECRETIVE)), 1, NOON, NOON)
SHOWN = {
    *("auction", "startTime", "intervalDuration", "horizonIntervalCount", "direction", "currencyCode"),
    *("payRule", "uniformPrice", "tieRule", "status", "method", "targetReductionKw"),
    *("clearingPricePerMwh", "priceBranches", "zonePrices", "outcomes"),
}


def test_staff_see_everything() -> None:
    message = clearing_message(RECORD, None, "GBP")
    assert json.loads(message.document_json) == RECORD.value.document
    assert (message.status, message.solver) == ("OPTIMAL", "highs 1.15.1")
    assert (message.objective_amount.units, message.gap_ratio) == (987654, 0.25)


def test_a_site_sees_its_own_outcomes_and_the_prices() -> None:
    message = clearing_message(RECORD, {"south"}, "GBP")
    document = json.loads(message.document_json)
    assert set(document) == SHOWN
    assert [outcome["bid"] for outcome in document["outcomes"]] == ["bids/b2"]
    assert "987654" not in message.document_json
    assert "north" not in message.document_json
    assert not message.HasField("objective_amount")
    assert not message.HasField("bound_amount")
    assert message.gap_ratio == 0.0
    assert (list(message.shortfall_kw), message.input_hash) == ([], "")
    assert not message.HasField("solve_duration")


def test_who_has_no_site_sees_no_outcome() -> None:
    assert visible_document(RECORD.value.document, frozenset())["outcomes"] == []


def test_every_field_of_the_document_is_shown_or_hidden_on_purpose() -> None:
    # A field that is added and forgotten here would stay hidden; this makes somebody decide.
    hidden = {
        *("zoneShortfalls", "marginKw", "marginCostAmount", "objectiveAmount", "boundAmount", "gapRatio"),
        *("lostOpportunityAmount", "certificate", "shortfallKw", "solverRun", "inputHash"),
    }
    fields = {field.json_name for field in book_pb2.ClearingDocument.DESCRIPTOR.fields}
    assert fields == SHOWN | hidden
    assert set(RECORD.value.document) == fields
