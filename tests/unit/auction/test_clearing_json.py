"""A clearing survives the way through JSON, and only a clearing is read."""

import copy
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from support.clearings import CLEARING

from vpp.auction.clearing_json import clearing_from_document, clearing_to_document
from vpp.auction.result import Certificate, Clearing, RowDual
from vpp.foundation.errors import BrokenPromise, InvalidInput

DOCUMENT = clearing_to_document(CLEARING)


@pytest.mark.parametrize(
    "clearing",
    [
        CLEARING,
        replace(CLEARING, bound=None, gap_ratio=None, certificate=None),
        replace(CLEARING, certificate=Certificate(Decimal(5), (RowDual("owed", ("a", 0), -0.1),))),
    ],
)
def test_a_clearing_survives_json(clearing: Clearing) -> None:
    document = json.loads(json.dumps(clearing_to_document(clearing)))
    assert clearing_from_document(document) == clearing
    assert clearing_to_document(clearing_from_document(document)) == document


def test_prices_and_payments_are_exact() -> None:
    assert DOCUMENT["clearingPricePerMwh"] == [
        {"currencyCode": "GBP", "units": "57", "nanos": 142_858_000},
        {"currencyCode": "GBP"},
    ]
    assert DOCUMENT["outcomes"][0]["makeWholeAmount"] == {"currencyCode": "GBP", "nanos": 1000}


def test_what_nobody_is_paid_is_rounded_and_a_bound_downwards() -> None:
    third = Decimal(2) / 3
    finer = replace(CLEARING, objective=third, bound=third, certificate=Certificate(-third, ()))
    document = clearing_to_document(finer)
    assert document["objectiveAmount"]["nanos"] == 666_666_667
    assert document["boundAmount"]["nanos"] == 666_666_666
    assert document["certificate"]["boundAmount"]["nanos"] == -666_666_667


def test_a_price_that_would_lose_digits_is_not_written() -> None:
    finer = replace(CLEARING, price_per_mwh=(Decimal("1e-10"),))
    with pytest.raises(InvalidInput, match="at most 9 decimals"):
        clearing_to_document(finer)


def test_a_bid_of_which_nothing_was_bought_is_short() -> None:
    assert not {"reductionKw", "reboundKw", "pricePerMwh", "makeWholeAmount"} & set(DOCUMENT["outcomes"][1])


def test_a_dual_whose_key_could_not_be_read_back_is_a_defect() -> None:
    mixed = replace(CLEARING, certificate=Certificate(Decimal(0), (RowDual("odd", (1, "a"), 2.0),)))
    with pytest.raises(BrokenPromise, match="expected ids before numbers"):
        clearing_to_document(mixed)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("format", "vpp.clearing/1", "a field of the document is 'format'"),
        ("auction", "evening", "auction is 'evening', expected auctions/{id}"),
        ("status", "STATUS_PERFECT", "status is 'STATUS_PERFECT', expected one of STATUS_OPTIMAL"),
        ("status", "OPTIMAL", "status is 'OPTIMAL'"),
        ("status", None, "status is missing, expected one of STATUS_OPTIMAL"),
        ("payRule", 1, "payRule is 1"),
        ("priceBranches", ["MARGINAL"], "priceBranches[0] is 'MARGINAL'"),
        ("horizonIntervalCount", 0, "horizonIntervalCount is 0, expected a whole number from 2 to 800"),
        ("startTime", "noon", "startTime is 'noon'"),
        ("objectiveAmount", "12", "objectiveAmount is '12', expected an object"),
        ("clearingPricePerMwh", [12], "clearingPricePerMwh[0] is 12, expected an object"),
        ("clearingPricePerMwh", [{"currencyCode": "EUR"}], "clearingPricePerMwh[0].currencyCode is 'EUR'"),
        ("solverRun", None, "solverRun is missing"),
        ("solverRun", {"solver": "cplex"}, "solverRun.solver is 'cplex', expected glpk or highs"),
        ("solverRun", {"solver": "glpk", "wallDuration": 2}, "solverRun.wallDuration is 2"),
        ("zonePrices", [{}], "zonePrices[0].zone is missing"),
        ("outcomes", [{}], "outcomes[0].resource is missing"),
        ("certificate", {}, "certificate.boundAmount is missing"),
        (
            "certificate",
            {"boundAmount": {"currencyCode": "GBP"}, "duals": [{"ids": [1]}]},
            "duals[0].ids is 1",
        ),
        (
            "certificate",
            {"boundAmount": {"currencyCode": "GBP"}, "duals": [{"partNumber": ["1"]}]},
            "certificate.duals[0].partNumber is '1'",
        ),
        (
            "certificate",
            {"boundAmount": {"currencyCode": "GBP"}, "duals": [{"dual": float("inf")}]},
            "certificate.duals[0].dual is inf, expected a number",
        ),
    ],
)
def test_what_is_no_clearing_is_refused(field: str, value: object, message: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        clearing_from_document(DOCUMENT | {field: value})
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("bid", "a", "outcomes[0].bid is 'a', expected bids/{id}"),
        ("reason", "BECAUSE", "outcomes[0].reason is 'BECAUSE', expected one of ACCEPTED_IN_FULL"),
        ("figures", [{"value": "1"}], "outcomes[0].figures[0].value is '1'"),
        ("figures", [{"value": float("nan")}], "outcomes[0].figures[0].value is nan"),
        ("reductionKw", [1e8], "outcomes[0].reductionKw[0] is 100000000.0"),
        ("deliveryRatio", "1", "outcomes[0].deliveryRatio is '1'"),
        ("zone", "1st", "outcomes[0].zone is '1st', expected 1 to 64 letters"),
    ],
)
def test_what_is_wrong_in_an_outcome_is_refused(field: str, value: object, message: str) -> None:
    document: dict[str, Any] = copy.deepcopy(DOCUMENT)
    document["outcomes"][0][field] = value
    with pytest.raises(InvalidInput) as refusal:
        clearing_from_document(document)
    assert message in str(refusal.value)
