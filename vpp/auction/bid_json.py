"""Reading bids of a book from JSON: the JSON form of `vpp.v1.Bid`."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from vpp.auction.bid import (
    Bid,
    BlockOffer,
    Migration,
    Offer,
    Rebound,
    ReboundProfile,
    RunLimits,
    StepOffer,
    StoreOffer,
)
from vpp.auction.json_fields import JsonObject, Names, refused
from vpp.auction.json_money import amount
from vpp.auction.json_values import instant_text, span_text
from vpp.auction.step_json import StepReader
from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput
from vpp.foundation.names import identifier, name, resource_ids

T = TypeVar("T")

ZONE = re.compile("[A-Za-z][A-Za-z0-9_-]{0,63}")
ZONE_EXPECTED = "1 to 64 letters, digits, hyphens and underscores, beginning with a letter"
MOST_INTERVALS = 400
MOST_HORIZON = 2 * MOST_INTERVALS

_OFFERS = ("step_offer", "block_offer", "store_offer")
_BID = Names(
    "name",
    "resource",
    "auction",
    "product",
    *_OFFERS,
    "energy_limit_kwh",
    "rebound",
    "rebound_profile",
    "delivery_ratio",
    "exclusive_group",
    "parent_bid",
    "run_limits",
    "migration_leg",
    "availability_price_per_kw_h",
    "expire_time",
    "state",
    "reason",
    "reason_detail",
    "create_time",
    "update_time",
    "etag",
    "direction",
    "zone",
    "commitment",
    "opening",
)
_OPENING = Names("content", "nonce")
_STEPS = Names("intervals")
_BLOCK = Names("profile_kw", "price_per_mwh", "fixed_cost_amount", "min_acceptance_ratio")
_STORE = Names(
    "discharge_kw",
    "charge_kw",
    "capacity_kwh",
    "reserve_kwh",
    "start_kwh",
    "end_kwh",
    "price_per_mwh",
    "charge_efficiency_ratio",
    "discharge_efficiency_ratio",
    "hold_ratio",
    "cycle_limit_kwh",
)
_REBOUND = Names("return_ratio", "deadline_interval_count", "max_return_kw")
_PROFILE = Names("return_ratio")
_RUN = Names(
    "min_run_duration",
    "max_run_duration",
    "rest_duration",
    "max_call_count",
    "min_level_kw",
    "start_cost_amount",
)
_LEG = Names("receiving_zone", "receiving_ratio")
_LONGEST_NAME = 210
_LONGEST_GROUP = 63
_MOST_CALLS = 2**31 - 1


@dataclass(slots=True)
class BidReader:
    """Reads the bids of one book.

    Attributes:
        auction_id: The book's auction; a bid that names another is refused.
        start: Start of delivery, UTC; a bid that has expired by then is refused.
        step: Length of an interval.
        interval_count: Number of delivery intervals.
        currency: Currency of every price.
    """

    auction_id: str
    start: datetime
    step: timedelta
    interval_count: int
    currency: str
    _steps: StepReader = field(init=False)
    _seen: dict[Any, Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Share equal steps over all bids."""
        self._steps = StepReader(self.currency, self.interval_count)

    def bid(self, value: object, path: str) -> Bid:
        """Read a bid.

        Raises:
            InvalidInput: A field is unknown, missing or unreadable; names its path and the bid.
        """
        fields = JsonObject(value, _BID, path)
        bid_id = named(fields, "name", "bids")
        try:
            return self._bid(fields, bid_id)
        except InvalidInput as error:
            raise InvalidInput(
                f"{error}, in bids/{bid_id}", **{**error.metadata, "bid_id": bid_id}
            ) from error

    def _bid(self, fields: JsonObject, bid_id: str) -> Bid:
        self._check_belongs(fields)
        if fields.has("opening"):  # read by whoever checks commitments
            JsonObject(fields.raw("opening", "an object"), _OPENING, fields.at("opening"))
        site_id, resource_id = resource_of(fields)
        has_price = fields.has("availability_price_per_kw_h")
        return Bid(
            bid_id=bid_id,
            site_id=site_id,
            resource_id=resource_id,
            zone=self._shared(fields.matching("zone", ZONE, ZONE_EXPECTED)),
            submitted_at=self._shared(fields.instant("create_time")),
            delivery_ratio=_given_number(fields, "delivery_ratio"),
            offer=self._offer(fields),
            energy_limit_kwh=fields.some_number("energy_limit_kwh"),
            rebound=self._shared(_rebound(fields)),
            exclusive_group=fields.text("exclusive_group", longest=_LONGEST_GROUP) or None,
            parent_bid_id=named(fields, "parent_bid", "bids")
            if fields.text("parent_bid", longest=_LONGEST_NAME)
            else None,
            direction=fields.choice("direction", Direction, "DIRECTION_", Direction.LOAD_DOWN),
            run_limits=self._shared(self._run_limits(fields)),
            migration=self._shared(_migration(fields)),
            availability_price_per_kw_h=self._amount(fields, "availability_price_per_kw_h")
            if has_price
            else Decimal(0),
        )

    def _shared(self, value: T) -> T:
        shared: T = self._seen.setdefault((type(value), value), value)
        return shared

    def _amount(self, fields: JsonObject, field_name: str) -> Decimal:
        return amount(fields.raw(field_name, "an amount"), self.currency, fields.at(field_name))

    def _check_belongs(self, fields: JsonObject) -> None:
        own = name("auctions", self.auction_id)
        auction = fields.text("auction", longest=_LONGEST_NAME)
        if auction not in ("", own):
            raise refused(fields.at("auction"), auction, f"the book's {own}, or none")
        if fields.has("expire_time") and fields.instant("expire_time") <= self.start:
            raise refused(
                fields.at("expire_time"), fields.raw("expire_time", ""), f"after {instant_text(self.start)}"
            )

    def _offer(self, fields: JsonObject) -> Offer:
        given = [offer for offer in _OFFERS if fields.has(offer)]
        if len(given) != 1:
            raise refused(f"the offer of {fields.path}", given, f"one of {', '.join(_OFFERS)}")
        path = fields.at(given[0])
        value = fields.raw(given[0], "an offer")
        if given[0] == "step_offer":
            inner = JsonObject(value, _STEPS, path)
            return StepOffer(
                steps=self._steps.intervals(
                    inner.items("intervals", most=MOST_INTERVALS), inner.at("intervals")
                )
            )
        if given[0] == "block_offer":
            return self._block(JsonObject(value, _BLOCK, path))
        return self._store(JsonObject(value, _STORE, path))

    def _block(self, fields: JsonObject) -> BlockOffer:
        has_cost = fields.has("fixed_cost_amount")
        return BlockOffer(
            profile_kw=self._shared(fields.numbers("profile_kw", most=MOST_HORIZON)),
            price_per_mwh=self._amount(fields, "price_per_mwh"),
            fixed_cost=self._amount(fields, "fixed_cost_amount") if has_cost else Decimal(0),
            min_acceptance_ratio=_given_number(fields, "min_acceptance_ratio"),
        )

    def _store(self, fields: JsonObject) -> StoreOffer:
        return StoreOffer(
            discharge_kw=_given_number(fields, "discharge_kw"),
            charge_kw=fields.number("charge_kw"),
            capacity_kwh=fields.number("capacity_kwh"),
            reserve_kwh=fields.number("reserve_kwh"),
            start_kwh=fields.number("start_kwh"),
            end_kwh=fields.number("end_kwh"),
            price_per_mwh=self._amount(fields, "price_per_mwh"),
            charge_efficiency=fields.number("charge_efficiency_ratio", 1.0),
            discharge_efficiency=fields.number("discharge_efficiency_ratio", 1.0),
            hold_ratio=fields.number("hold_ratio", 1.0),
            cycle_limit_kwh=fields.some_number("cycle_limit_kwh"),
        )

    def _run_limits(self, fields: JsonObject) -> RunLimits | None:
        inner = fields.inner("run_limits", _RUN)
        if inner is None:
            return None
        has_cost = inner.has("start_cost_amount")
        return RunLimits(
            min_level_kw=inner.number("min_level_kw"),
            min_run_intervals=max(1, self._interval_count(inner, "min_run_duration")),
            max_run_intervals=self._interval_count(inner, "max_run_duration") or None,
            rest_intervals=self._interval_count(inner, "rest_duration"),
            max_calls=inner.count("max_call_count", most=_MOST_CALLS) or None,
            start_cost=self._amount(inner, "start_cost_amount") if has_cost else Decimal(0),
        )

    def _interval_count(self, fields: JsonObject, field_name: str) -> int:
        length = fields.span(field_name)
        if length % self.step:
            raise refused(
                fields.at(field_name), span_text(length), f"a whole multiple of {span_text(self.step)}"
            )
        return length // self.step


def named(fields: JsonObject, field_name: str, collection: str) -> str:
    """Read the id of a name that must be given.

    Raises:
        InvalidInput: It is absent or malformed.
    """
    full_name = fields.raw(field_name, f"{collection}/{{id}}")
    try:
        return identifier(full_name, collection)
    except (InvalidInput, AttributeError, TypeError) as error:
        raise refused(fields.at(field_name), full_name, f"{collection}/{{id}}") from error


def resource_of(fields: JsonObject) -> tuple[str, str]:
    """Read the site id and the resource id of an object's `resource`.

    Raises:
        InvalidInput: It is absent or malformed.
    """
    expected = "sites/{id}/resources/{id}"
    full_name = fields.raw("resource", expected)
    try:
        return resource_ids(full_name)
    except (InvalidInput, AttributeError, TypeError) as error:
        raise refused(fields.at("resource"), full_name, expected) from error


def _given_number(fields: JsonObject, field_name: str) -> float:
    fields.raw(field_name, "a number")
    return fields.number(field_name)


def _rebound(fields: JsonObject) -> Rebound | ReboundProfile | None:
    chosen = fields.inner("rebound", _REBOUND)
    fixed = fields.inner("rebound_profile", _PROFILE)
    if chosen is not None and fixed is not None:
        raise refused(fields.at("rebound_profile"), "given", "none beside rebound")
    if chosen is not None:
        return Rebound(
            ratio=chosen.number("return_ratio"),
            window_intervals=chosen.count("deadline_interval_count", most=MOST_INTERVALS),
            max_return_kw=chosen.number("max_return_kw"),
        )
    if fixed is not None:
        return ReboundProfile(ratios=fixed.numbers("return_ratio", most=MOST_INTERVALS))
    return None


def _migration(fields: JsonObject) -> Migration | None:
    leg = fields.inner("migration_leg", _LEG)
    if leg is None:
        return None
    return Migration(
        receiving_zone=leg.matching("receiving_zone", ZONE, ZONE_EXPECTED),
        receiving_ratio=leg.number("receiving_ratio"),
    )
