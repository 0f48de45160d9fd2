"""What a book's JSON may not say, by path, value and expectation; and what it may leave out."""

import copy
import json
import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from support.offers import EVERY_KIND, TERMS

from vpp.auction.bid import PriceStep
from vpp.auction.book import Book
from vpp.auction.book_json import book_from_document, book_to_document
from vpp.foundation.errors import InvalidInput

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BOOK = Book(
    "evening",
    NOON,
    timedelta(minutes=15),
    (100.0, 50.0, 0.0),
    2,
    Decimal(3000),
    80.0,
    tuple(EVERY_KIND.values()),
    {("north", "ups"): 200.0},
    terms=TERMS,
    currency="GBP",
)
DOCUMENT: dict[str, Any] = book_to_document(BOOK)
NUMBERS = {bid["name"].removeprefix("bids/"): n for n, bid in enumerate(DOCUMENT["bids"])}
POUND = {"currencyCode": "GBP", "units": "1"}
MISSING = object()


def changed(path: str, value: object) -> dict[str, Any]:
    """Return the document with one value replaced, or taken out."""
    document: dict[str, Any] = copy.deepcopy(json.loads(json.dumps(DOCUMENT)))
    parts: list[Any] = [int(part) if part.isdigit() else part for part in path.split(".")]
    target: Any = document
    for part in parts[:-1]:
        target = target[part]
    if value is MISSING:
        del target[parts[-1]]
    else:
        target[parts[-1]] = value
    return document


def of(bid_id: str, rest: str) -> str:
    return f"bids.{NUMBERS[bid_id]}.{rest}"


FIRST = "stepOffer.intervals.0.steps.0"
REFUSED = [
    ("auction", "events/evening", "auction is 'events/evening', expected auctions/{id}"),
    ("auction", MISSING, "auction is missing, expected auctions/{id}"),
    ("colour", "red", "a field of the document is 'colour', expected one of auction, startTime"),
    ("start_time", NOON.isoformat(), "startTime is 'start_time', expected one spelling of it"),
    ("startTime", "noon", "startTime is 'noon', expected an instant such as"),
    ("startTime", "2026-02-30T00:00:00Z", "startTime is '2026-02-30T00:00:00Z'"),
    ("startTime", "2026-03-02T12:00:00", "startTime is '2026-03-02T12:00:00'"),
    ("startTime", "2026-03-02T12:00:00.0000001Z", "to the microsecond"),
    ("intervalDuration", "PT15M", "intervalDuration is 'PT15M', expected a span in seconds"),
    ("intervalDuration", "0s", "intervalDuration is '0s', expected a span above zero"),
    ("intervalDuration", "-900s", "intervalDuration is '-900s'"),
    ("intervalDuration", 900, "intervalDuration is 900"),
    ("targetReductionKw", [], "targetReductionKw is [], expected one value per delivery interval"),
    ("targetReductionKw", [0.0] * 401, "a list of 401', expected at most 400 items"),
    ("targetReductionKw", 100.0, "targetReductionKw is 100.0, expected a list"),
    ("targetReductionKw.1", math.nan, "targetReductionKw[1] is nan, expected a number from -10000000 to"),
    ("targetReductionKw.1", math.inf, "targetReductionKw[1] is inf"),
    ("targetReductionKw.1", 1e300, "targetReductionKw[1] is 1e+300"),
    ("targetReductionKw.1", 10**400, "targetReductionKw[1] is 1000"),
    ("targetReductionKw.1", "100", "targetReductionKw[1] is '100'"),
    ("targetReductionKw.1", True, "targetReductionKw[1] is True"),
    ("targetReductionKw.1", None, "targetReductionKw[1] is None"),
    ("recoveryIntervalCount", -1, "recoveryIntervalCount is -1, expected a whole number from 0 to 400"),
    ("recoveryIntervalCount", 10**9, "recoveryIntervalCount is 1000000000"),
    ("recoveryIntervalCount", 1.5, "recoveryIntervalCount is 1.5"),
    ("direction", "sideways", "direction is 'sideways', expected one of DIRECTION_LOAD_DOWN"),
    ("direction", ["DIRECTION_LOAD_UP"], "direction is ['DIRECTION_LOAD_UP']"),
    ("capPricePerMwh", MISSING, "capPricePerMwh is missing, expected an amount"),
    ("capPricePerMwh", 3000, "capPricePerMwh is 3000, expected an object"),
    ("capPricePerMwh.units", "3e3", "capPricePerMwh.units is '3e3', expected a whole number as text"),
    ("capPricePerMwh.units", 3000.0, "capPricePerMwh.units is 3000.0"),
    ("capPricePerMwh.units", str(2**63), "capPricePerMwh.units is 9223372036854775808"),
    ("capPricePerMwh.nanos", 10**9, "capPricePerMwh.nanos is 1000000000"),
    ("capPricePerMwh.nanos", -1, "capPricePerMwh.nanos is -1, expected the sign of units"),
    ("capPricePerMwh.nanos", "1", "capPricePerMwh.nanos is '1', expected a whole number"),
    ("capPricePerMwh.currencyCode", "EUR", "currencyCode is 'GBP', expected EUR"),
    ("reboundHeadroomKw", "80", "reboundHeadroomKw is '80', expected a number"),
    ("bids", {}, "bids is {}, expected a list"),
    ("bids", [None] * 200_001, "bids is 'a list of 200001', expected at most 200000 items"),
    ("bids.0", [], "bids[0] is [], expected an object"),
    (of("steps", "name"), MISSING, "bids[0].name is missing, expected bids/{id}"),
    (of("steps", "name"), "steps", "bids[0].name is 'steps', expected bids/{id}"),
    (of("steps", "name"), 7, "bids[0].name is 7, expected bids/{id}"),
    (of("steps", "resource"), "north/ups", "bids[0].resource is 'north/ups', expected sites/{id}/"),
    (of("steps", "zone"), MISSING, "bids[0].zone is missing, expected 1 to 64 letters"),
    (of("steps", "zone"), "Zone 1", "bids[0].zone is 'Zone 1'"),
    (of("steps", "createTime"), MISSING, "bids[0].createTime is missing"),
    (of("steps", "deliveryRatio"), MISSING, "bids[0].deliveryRatio is missing, expected a number"),
    (of("steps", "deliveryRatio"), "0.9", "bids[0].deliveryRatio is '0.9'"),
    (of("steps", "auction"), "auctions/morning", "auction is 'auctions/morning', expected the book's"),
    (of("steps", "expireTime"), "2026-03-02T12:00:00Z", "bids[0].expireTime is '2026-03-02T12:"),
    (of("steps", "colour"), "red", "a field of bids[0] is 'colour', expected one of name, resource"),
    (of("steps", "stepOffer"), MISSING, "the offer of bids[0] is [], expected one of"),
    (of("steps", "blockOffer"), {}, "the offer of bids[0] is ['step_offer', 'block_offer']"),
    (of("steps", "stepOffer.intervals"), [{}] * 401, "stepOffer.intervals is 'a list of 401'"),
    (of("steps", "stepOffer.intervals.1"), [], "bids[0].stepOffer.intervals[1] is [], expected an object"),
    (of("steps", "stepOffer.intervals.1"), {"step": []}, "bids[0].stepOffer.intervals[1] is 'step'"),
    (of("steps", "stepOffer.intervals.1.steps"), [{}] * 51, "'a list of 51', expected at most 50 items"),
    (of("steps", FIRST), [], "bids[0].stepOffer.intervals[0].steps[0] is [], expected an object"),
    (of("steps", f"{FIRST}.reductionKw"), MISSING, "steps[0].reductionKw is missing, expected a number"),
    (of("steps", f"{FIRST}.reductionKw"), math.nan, "intervals[0].steps[0].reductionKw is nan"),
    (of("steps", f"{FIRST}.reductionKw"), "10", "steps[0].reductionKw is '10'"),
    (of("steps", f"{FIRST}.colour"), "red", "a field of bids[0].stepOffer.intervals[0].steps[0] is 'colour'"),
    (of("steps", f"{FIRST}.pricePerMwh"), MISSING, "steps[0].pricePerMwh is missing, expected an amount"),
    (of("steps", f"{FIRST}.pricePerMwh"), 50, "steps[0].pricePerMwh is 50, expected an object"),
    (of("steps", f"{FIRST}.pricePerMwh.currencyCode"), "EUR", "currencyCode is 'EUR', expected GBP"),
    (of("steps", f"{FIRST}.pricePerMwh.currencyCode"), MISSING, "currencyCode is '', expected GBP"),
    (of("steps", f"{FIRST}.pricePerMwh.nanos"), True, "steps[0].pricePerMwh.nanos is True"),
    (of("steps", f"{FIRST}.pricePerMwh.pence"), 5, "intervals[0].steps[0].pricePerMwh is 'pence'"),
    (of("block", "blockOffer.profileKw.1"), math.nan, "bids[3].blockOffer.profileKw[1] is nan"),
    (of("block", "blockOffer.profileKw"), [1.0] * 801, "'a list of 801', expected at most 800 items"),
    (of("block", "blockOffer.minAcceptanceRatio"), MISSING, "blockOffer.minAcceptanceRatio is missing"),
    (of("block", "rebound"), [], "bids[3].rebound is [], expected an object"),
    (of("linked", "parentBid"), "block", "bids[4].parentBid is 'block', expected bids/{id}"),
    (of("grouped", "exclusiveGroup"), "x" * 64, "exclusiveGroup is 'xxx"),
    (of("ups", "storeOffer.capacityKwh"), "400", "bids[7].storeOffer.capacityKwh is '400'"),
    (of("ups", "storeOffer.pricePerMwh"), MISSING, "bids[7].storeOffer.pricePerMwh is missing"),
    (of("profile", "rebound"), {}, "bids[2].reboundProfile is 'given', expected none beside rebound"),
    (of("committed", "runLimits.restDuration"), "600s", "restDuration is '600s', expected a whole mul"),
    (of("committed", "runLimits.maxCallCount"), -1, "runLimits.maxCallCount is -1"),
    (of("moving", "migrationLeg.receivingZone"), "", "migrationLeg.receivingZone is ''"),
    ("resourceLimits.0.resource", MISSING, "resourceLimits[0].resource is missing"),
    ("entryRules", {"maxPartyBidCount": 1e3}, "entryRules.maxPartyBidCount is 1000.0"),
    ("buyerTerms.marginRatio", math.nan, "buyerTerms.marginRatio is nan"),
    ("buyerTerms.hasLossReserve", 1, "buyerTerms.hasLossReserve is 1, expected true or false"),
    ("buyerTerms.zoneLimits.0.zone", MISSING, "buyerTerms.zoneLimits[0].zone is missing"),
    ("buyerTerms.zoneLimits.0.localTargetKw", [1.0, 2.0], "'a list of 2', expected 1 value, or 3"),
    ("buyerTerms.zoneLimits.0.maxReboundKw", [1.0, 2.0, 3.0], "'a list of 3', expected 1 value, or 5"),
    ("buyerTerms.feederLimits.0.sites.1", "south", "buyerTerms.feederLimits[0].sites[1] is 'south'"),
    ("buyerTerms.feederLimits.0.feeder", "", "buyerTerms.feederLimits[0].feeder is '', expected the feeder"),
    ("buyerTerms.siteLimits.0.site", 5, "buyerTerms.siteLimits[0].site is 5, expected sites/{id}"),
    ("buyerTerms.siteLimits.0.party", "owner", "siteLimits[0].party is 'owner', expected parties/"),
    ("buyerTerms.pathLimits.0.maxMovedKw", MISSING, "buyerTerms.pathLimits[0].maxMovedKw is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "message"), REFUSED)
def test_what_is_wrong_is_refused_by_path_value_and_expectation(
    path: str, value: object, message: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        book_from_document(changed(path, value))
    assert message in str(refusal.value)


def test_what_is_wrong_in_a_bid_names_the_bid() -> None:
    with pytest.raises(InvalidInput) as refusal:
        book_from_document(changed(of("ups", "storeOffer.chargeKw"), math.inf))
    assert str(refusal.value).endswith(", in bids/ups")
    assert refusal.value.metadata["bid_id"] == "ups"
    assert refusal.value.metadata["path"] == "bids[7].storeOffer.chargeKw"


@pytest.mark.parametrize("value", [None, [], "{}", 3])
def test_a_document_that_is_no_object_is_refused(value: Any) -> None:  # noqa: ANN401  whatever JSON can hold
    with pytest.raises(InvalidInput, match="the document is"):
        book_from_document(value)


def test_a_limit_that_is_given_twice_is_refused() -> None:
    limits = DOCUMENT["resourceLimits"] * 2
    with pytest.raises(InvalidInput, match=r"resourceLimits\[1\]\.resource is 'sites/north/resources/ups'"):
        book_from_document(changed("resourceLimits", limits))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("direction", MISSING),
        ("direction", "DIRECTION_UNSPECIFIED"),
        ("entryRules", None),
        ("entryRules", {}),
        ("entryRules", {"floorPricePerMwh": None, "maxPartyBidCount": 0}),
        ("startTime", "2026-03-02T13:00:00+01:00"),
        ("startTime", "2026-03-02T12:00:00.000000000Z"),
        ("intervalDuration", "900.000s"),
        ("capPricePerMwh", {"currency_code": "GBP", "units": 3000, "nanos": 0}),
        ("targetReductionKw", [100, 50, 0]),
        ("buyerTerms.zoneLimits.1", {"zone": "Z2", "maxReboundKw": []}),
        ("buyerTerms.pathLimits.0.maxMovedKw", [25, 25.0, 0]),
        ("buyerTerms.feederLimits.0.maxReductionKw", [400]),
        (of("steps", "state"), "STATE_AWARDED"),
        (of("steps", "auction"), "auctions/evening"),
        (of("steps", "product"), "products/peak"),
        (of("steps", "expireTime"), "2026-03-02T12:00:01Z"),
        (of("steps", f"{FIRST}.reductionKw"), 10),
        (of("steps", f"{FIRST}.pricePerMwh"), {"currency_code": "GBP", "units": 1, "nanos": 500_000_000}),
        (of("steps", f"{FIRST}"), {"reduction_kw": 10, "price_per_mwh": POUND | {"nanos": 500_000_000}}),
        (of("steps", "stepOffer.intervals.1"), {"steps": []}),
        (of("steps", "stepOffer.intervals.1"), {"steps": None}),
        (of("block", "exclusiveGroup"), ""),
        (of("block", "parentBid"), ""),
        (of("resting", "runLimits.minRunDuration"), "0s"),
    ],
)
def test_other_ways_to_say_the_same(path: str, value: object) -> None:
    assert book_from_document(changed(path, value)) == BOOK


def test_one_list_of_steps_holds_for_every_interval() -> None:
    steps = [{"reductionKw": 5.0, "pricePerMwh": POUND}]
    book = book_from_document(changed(of("steps", "stepOffer"), {"intervals": [{"steps": steps}]}))
    offer = book.bids[0].offer
    assert offer == type(offer)(steps=((PriceStep(5.0, Decimal(1)),),) * 3)  # type: ignore[call-arg]  # a StepOffer
    assert len(book_to_document(book)["bids"][0]["stepOffer"]["intervals"]) == 1


def test_equal_steps_are_read_once_whatever_true_and_1_have_in_common() -> None:
    steps = [{"reductionKw": 1.0, "pricePerMwh": POUND}, {"reductionKw": True, "pricePerMwh": POUND}]
    with pytest.raises(InvalidInput, match=r"steps\[1\]\.reductionKw is True"):
        book_from_document(changed(of("steps", "stepOffer.intervals.0.steps"), steps))


@pytest.mark.parametrize(
    ("book", "message"),
    [
        (Book("Evening", NOON, timedelta(hours=1), (0.0,), 0, Decimal(1), None, ()), "auctions is 'Evening'"),
        (
            Book("evening", NOON, timedelta(hours=1), (0.0,), 0, Decimal("1e-10"), None, ()),
            "amount is 1E-10, expected a finite amount of at most 9 decimals",
        ),
        (
            Book("evening", NOON, timedelta(hours=1), (0.0,), 0, Decimal("NaN"), None, ()),
            "amount is NaN, expected a finite amount",
        ),
    ],
)
def test_what_json_could_not_hold_is_not_written(book: Book, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        book_to_document(book)
