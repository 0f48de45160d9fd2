"""Price steps as JSON, fast: a book of 10 000 bids over 96 intervals has some 600 000 of them."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from vpp.auction.bid import PriceStep
from vpp.auction.json_fields import LARGEST, JsonObject, Names
from vpp.auction.json_money import MoneyWriter, amount, plain_amount

Steps = tuple[PriceStep, ...]

_LIST = Names("steps")
_STEP = Names("reduction_kw", "price_per_mwh")
_STEP_FIELDS = 2
_MOST_STEPS = 50


class StepReader:
    """Reads the steps of bids; equal ones are read once and shared.

    A step in the form that `StepWriter` writes is read at once. Whatever else it may be, it is read
    field by field, which also finds out what is wrong with it.
    """

    def __init__(self, currency: str, interval_count: int) -> None:
        """Keep what every bid must keep to.

        Args:
            currency: Currency of every price; empty for none.
            interval_count: Number of delivery intervals, over which a single list is repeated.
        """
        self._currency = currency
        self._interval_count = interval_count
        self._read: dict[tuple[Any, ...], PriceStep] = {}
        self._prices: dict[tuple[Any, ...], Decimal] = {}
        self._shared: dict[tuple[int, ...], Steps] = {}

    def intervals(self, lists: Sequence[Any], path: str) -> tuple[Steps, ...]:
        """Read one list of steps per interval, or one for all of them.

        Args:
            lists: What the JSON has.
            path: Where it stands in the document.

        Returns:
            Steps per interval. Shape (N,), or whatever number but 1 was given.

        Raises:
            InvalidInput: Names the path of what is unreadable.
        """
        read = tuple([self._interval(value, path, n) for n, value in enumerate(lists)])
        return read * self._interval_count if len(read) == 1 else read

    def _interval(self, value: Any, path: str, n: int) -> Steps:  # noqa: ANN401  whatever JSON can hold
        entries = value.get("steps") if value.__class__ is dict and len(value) == 1 else None
        if entries.__class__ is not list or len(entries) > _MOST_STEPS:
            entries = JsonObject(value, _LIST, f"{path}[{n}]").items("steps", most=_MOST_STEPS)
        known = self._read
        steps: list[PriceStep] = []
        for entry in entries:
            try:
                kw, price = entry["reductionKw"], entry["pricePerMwh"]
                units, nanos, code = price.get("units"), price.get("nanos"), price.get("currencyCode")
                # With the class, as 1 equals True; with the lengths, as a field may be unknown.
                key = (kw, kw.__class__, units, nanos, nanos.__class__, code, len(price), len(entry))
                step = known.get(key)
                if step is None and (step := self._plain(key)) is not None:
                    known[key] = step
            except (KeyError, TypeError, AttributeError):
                step = None
            steps.append(self._any(entry, f"{path}[{n}].steps[{len(steps)}]") if step is None else step)
        # Of the steps of one reader none is thrown away, so that their identities tell lists apart.
        return self._shared.setdefault(tuple(map(id, steps)), tuple(steps))

    def _plain(self, key: tuple[Any, ...]) -> PriceStep | None:
        kw, kind, units, nanos, _, code, price_fields, fields = key
        if kind is not float or not -LARGEST <= kw <= LARGEST or fields != _STEP_FIELDS:
            return None
        price_key = key[2:7]
        price = self._prices.get(price_key)
        if price is None:
            price = plain_amount(units, nanos, code, price_fields, self._currency)
            if price is None:
                return None
            self._prices[price_key] = price
        return PriceStep(kw, price)

    def _any(self, entry: object, path: str) -> PriceStep:
        fields = JsonObject(entry, _STEP, path)
        fields.raw("reduction_kw", "a number")
        price = fields.raw("price_per_mwh", "an amount")
        return PriceStep(
            fields.number("reduction_kw"), amount(price, self._currency, fields.at("price_per_mwh"))
        )


class StepWriter:
    """Writes the steps of bids; equal ones share one document, which must not be changed."""

    def __init__(self, money: MoneyWriter) -> None:
        """Keep what writes amounts."""
        self._money: Callable[[Decimal], dict[str, Any]] = money.exact
        self._written: dict[int, tuple[Steps, dict[str, Any]]] = {}

    def intervals(self, lists: tuple[Steps, ...]) -> list[dict[str, Any]]:
        """Write steps per interval; where all intervals offer the same, only one of them."""
        first = lists[0]
        if all(steps == first for steps in lists):
            return [self._interval(first)]
        return [self._interval(steps) for steps in lists]

    def _interval(self, steps: Steps) -> dict[str, Any]:
        # By identity, which is found faster than a hash; the list is kept so that it stays its own.
        found = self._written.get(id(steps))
        if found is not None:
            return found[1]
        money = self._money
        document: dict[str, Any] = {
            "steps": [
                {"reductionKw": step.reduction_kw, "pricePerMwh": money(step.price_per_mwh)} for step in steps
            ]
        }
        if not steps:
            document = {}
        self._written[id(steps)] = (steps, document)
        return document
