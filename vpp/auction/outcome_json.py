"""What became of each bid as JSON: the JSON form of `vpp.v1.BidOutcome`."""

from decimal import Decimal
from typing import Any

from vpp.auction.bid_json import MOST_HORIZON, MOST_INTERVALS, ZONE, ZONE_EXPECTED, named, resource_of
from vpp.auction.json_fields import JsonObject, Names, number
from vpp.auction.json_money import MoneyWriter, amount, plain_amount
from vpp.auction.json_values import without_zeros
from vpp.auction.result import Award, BidReason
from vpp.foundation.names import name, resource_name

_OUTCOME = Names(
    "bid",
    "resource",
    "reason",
    "reason_detail",
    "figures",
    "delivery_ratio",
    "reduction_kw",
    "rebound_kw",
    "price_per_mwh",
    "make_whole_amount",
    "winning_price_per_mwh",
    "zone",
)
_FIGURE = Names("name", "value")
_MOST_FIGURES = 100
_LONGEST_NAME = 100
_LONGEST_DETAIL = 10_000
_NOTHING = Decimal(0)


class AmountReader:
    """Reads lists of amounts in one currency; equal ones are read once and shared."""

    def __init__(self, currency: str) -> None:
        """Keep the currency; empty for none."""
        self.currency = currency
        self._read: dict[tuple[Any, ...], Decimal] = {}

    def amounts(self, fields: JsonObject, field_name: str, *, most: int) -> tuple[Decimal, ...]:
        """Read a list of amounts; absent is empty. Shape (N,).

        Raises:
            InvalidInput: Names the path of what is unreadable.
        """
        read = []
        for n, value in enumerate(fields.items(field_name, most=most)):
            try:
                units, nanos = value.get("units"), value.get("nanos")
                key = (units, nanos, nanos.__class__, value.get("currencyCode"), len(value))
                known = self._read.get(key)
                if known is None:
                    known = plain_amount(units, nanos, key[3], key[4], self.currency)
                    if known is not None:
                        self._read[key] = known
            except (TypeError, AttributeError):
                known = None
            if known is None:
                known = amount(value, self.currency, f"{fields.at(field_name)}[{n}]")
            read.append(known)
        return tuple(read)

    def amount(self, fields: JsonObject, field_name: str) -> Decimal | None:
        """Read an amount; None if it is absent."""
        if not fields.has(field_name):
            return None
        return amount(fields.raw(field_name, "an amount"), self.currency, fields.at(field_name))


class OutcomeReader:
    """Reads what became of the bids of one clearing."""

    def __init__(self, amounts: AmountReader, interval_count: int, horizon_count: int) -> None:
        """Keep what reads amounts, and the number of delivery and of horizon intervals."""
        self._amounts = amounts
        self._no_reduction = (0.0,) * interval_count
        self._no_rebound = (0.0,) * horizon_count
        self._no_price = (_NOTHING,) * interval_count

    def award(self, value: object, path: str) -> Award:
        """Read one.

        Raises:
            InvalidInput: A field is unknown, missing or unreadable; names its path.
        """
        fields = JsonObject(value, _OUTCOME, path)
        site_id, resource_id = resource_of(fields)
        figures = fields.objects("figures", _FIGURE, most=_MOST_FIGURES)
        return Award(
            bid_id=named(fields, "bid", "bids"),
            site_id=site_id,
            resource_id=resource_id,
            reduction_kw=fields.numbers("reduction_kw", most=MOST_INTERVALS) or self._no_reduction,
            rebound_kw=fields.numbers("rebound_kw", most=MOST_HORIZON) or self._no_rebound,
            price_per_mwh=self._amounts.amounts(fields, "price_per_mwh", most=MOST_INTERVALS)
            or self._no_price,
            make_whole=self._amounts.amount(fields, "make_whole_amount") or _NOTHING,
            reason=fields.choice("reason", BidReason, ""),
            detail=fields.text("reason_detail", longest=_LONGEST_DETAIL),
            delivery_ratio=fields.number("delivery_ratio") or 1.0,
            figures=tuple([_figure(figure) for figure in figures]),
            winning_price_per_mwh=self._amounts.amount(fields, "winning_price_per_mwh"),
            zone=fields.matching("zone", ZONE, ZONE_EXPECTED) if fields.text("zone", longest=100) else "",
        )


def _figure(fields: JsonObject) -> tuple[str, float]:
    value = fields.raw("value", "a number") if fields.has("value") else 0.0
    return fields.text("name", longest=_LONGEST_NAME), number(value, fields.at("value"), bounded=False)


def outcome_document(award: Award, money: MoneyWriter) -> dict[str, Any]:
    """Write what became of a bid; what is 0 throughout is left out."""
    document: dict[str, Any] = {
        "bid": name("bids", award.bid_id),
        "resource": resource_name(award.site_id, award.resource_id),
        "reason": award.reason.name,
        "reasonDetail": award.detail,
        "deliveryRatio": award.delivery_ratio,
    }
    if award.figures:
        document["figures"] = [{"name": key} | without_zeros(value=value) for key, value in award.figures]
    if any(award.reduction_kw):
        document["reductionKw"] = list(award.reduction_kw)
    if any(award.rebound_kw):
        document["reboundKw"] = list(award.rebound_kw)
    if any(award.price_per_mwh):
        document["pricePerMwh"] = [money.exact(price) for price in award.price_per_mwh]
    if award.make_whole:
        document["makeWholeAmount"] = money.exact(award.make_whole)
    if award.winning_price_per_mwh is not None:
        document["winningPricePerMwh"] = money.exact(award.winning_price_per_mwh)
    if award.zone:
        document["zone"] = award.zone
    return document
