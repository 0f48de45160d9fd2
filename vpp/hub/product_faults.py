"""All that is wrong with a product file, in one go: the field, its value and what was expected."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from vpp.baseline.civil_clock import CivilClock
from vpp.baseline.public_holidays import public_holidays
from vpp.foundation.errors import InvalidInput
from vpp.foundation.money import minor_unit
from vpp.portfolio.money_rules import MoneyRules
from vpp.portfolio.product import ProductProfile
from vpp.portfolio.product_fields import field_names, group_names

_A_YEAR = 2026  # any year will do to see whether a country is known
_LONGEST_VALUE = 60
_SHORTHAND = {
    "response": ("band_low_ratio", "band_cap_ratio"),
    "availability": ("availability_price_per_kw_h",),
    "share": ("aggregator_fee_ratio",),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong with a product file.

    Attributes:
        field: The field, dots between groups; empty where it is about the file as a whole.
        message: The field, its value and what was expected.
    """

    field: str
    message: str


def refused_fields(error: ValidationError) -> list[Fault]:
    """Put what a profile's model refuses into words, one fault for each field."""
    return [_fault(one) for one in error.errors(include_url=False, include_context=False)]


def doubtful_values(document: Mapping[str, Any]) -> list[Fault]:
    """Look for values of the right kind that no hub could work with.

    Args:
        document: The file's content; what is of a wrong kind is left to the model.
    """
    return list(_doubtful_values(document))


def unusable_lengths(product: ProductProfile) -> list[Fault]:
    """Look for lengths of events of which none lies on the product's grid."""
    step, call = product.settlement_interval, product.call
    if call.max_duration // step * step >= call.min_duration:
        return []
    message = (
        f"call.max_duration is {call.max_duration}, expected an event of whole settlement intervals of "
        f"{step} to fit between call.min_duration {call.min_duration} and it"
    )
    return [Fault("call.max_duration", message)]


def odd_money(product: ProductProfile) -> list[Fault]:
    """Look for money rules that pay nothing, pay twice, or say what is not read."""
    return [Fault(field, f"{field} {message}") for field, message in _odd_money(product)]


def _odd_money(product: ProductProfile) -> Iterator[tuple[str, str]]:
    money, cap = product.money, product.bid.price_cap_per_mwh
    if money.fixed_price_per_mwh is not None and money.fixed_price_per_mwh > cap:
        fixed = money.fixed_price_per_mwh
        yield "money.fixed_price_per_mwh", f"is {fixed}, expected at most bid.price_cap_per_mwh {cap}"
    if money.availability_terms is None and not money.pays_energy:
        yield "money.pays_energy", "is false, expected true, or a group availability: nothing is paid"
    if money.availability is not None and money.pays_energy and money.availability.price_per_kw_h is None:
        yield (
            "money.availability.price_per_kw_h",
            "is absent, expected a price: the award's own is paid for the energy already",
        )
    if money.penalty_ratio and money.penalty_formula_id != "shortfall_at_price":
        formula = money.penalty_formula_id
        yield (
            "money.penalty_ratio",
            f"is {money.penalty_ratio}, expected none with penalty_formula_id {formula}",
        )
    for part, shorthand in _SHORTHAND.items():
        for name in shorthand if getattr(money, part) is not None else ():
            value = getattr(money, name)
            if value != MoneyRules.model_fields[name].default:
                yield f"money.{name}", f"is {value}, expected none: the group {part} stands in its place"


def _doubtful_values(document: Mapping[str, Any]) -> Iterator[Fault]:
    if isinstance(zone := document.get("time_zone"), str):
        yield from _tried("time_zone", CivilClock, zone)
    if isinstance(currency := _within(document, "money", "currency"), str):
        yield from _tried("money.currency", minor_unit, currency)
    if isinstance(code := _within(document, "call", "calendar", "holiday_calendar"), str):
        yield from _tried("call.calendar.holiday_calendar", public_holidays, code, [_A_YEAR])
    unverified = _within(document, "provenance", "unverified_fields")
    known = {*field_names(), *group_names()}
    for name in unverified if isinstance(unverified, list) else ():
        if name not in known:
            field, hint = "provenance.unverified_fields", _near(name, known)
            yield Fault(field, f"{field} names {name!r}, expected fields of a product{hint}")


def _tried(field: str, check: Any, *values: object) -> Iterator[Fault]:  # noqa: ANN401  of any signature
    try:
        check(*values)
    except InvalidInput as error:
        name = field.rpartition(".")[2]
        text = str(error)
        yield Fault(
            field, f"{field}{text.removeprefix(name)}" if text.startswith(name) else f"{field}: {text}"
        )


def _within(document: Mapping[str, Any], *path: str) -> object:
    value: object = document
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _fault(error: Mapping[str, Any]) -> Fault:
    field = ".".join(str(part) for part in error["loc"])
    kind, text, value = error["type"], error["msg"], _shown(error["input"])
    if kind == "missing":
        return Fault(field, f"{field} is missing, expected a value")
    if kind == "extra_forbidden":
        siblings = {name for name in (*field_names(), *group_names()) if _group(name) == _group(field)}
        return Fault(field, f"{field} is {value}, expected no field of that name{_near(field, siblings)}")
    if kind == "value_error":
        reason = text.removeprefix("Value error, ")
        return Fault(field, f"{field}: {reason}" if field else reason)
    expected = text.removeprefix("Input should ").removeprefix("be ")
    return Fault(field, f"{field} is {value}, expected {expected[:1].lower()}{expected[1:]}")


def _group(name: str) -> str:
    return name.rpartition(".")[0]


def _shown(value: object) -> str:
    text = str(value) if isinstance(value, timedelta) else repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def _near(name: object, known: set[str]) -> str:
    near = difflib.get_close_matches(str(name), sorted(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
