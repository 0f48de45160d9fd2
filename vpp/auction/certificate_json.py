"""The proof of a bound as JSON: the JSON form of `vpp.v1.Certificate`."""

import math
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from vpp.auction.json_fields import JsonObject, Names, number, refused
from vpp.auction.json_money import MoneyWriter, amount
from vpp.auction.json_values import without_zeros
from vpp.auction.result import Certificate, RowDual
from vpp.foundation.errors import BrokenPromise

CERTIFICATE_NAMES = Names("bound_amount", "duals")

_DUAL = Names("family", "ids", "part_number", "dual")
_MOST_DUALS = 20_000_000
_MOST_PARTS = 10
_LONGEST = 210
_LARGEST_PART = 2**31 - 1
_WRITTEN = frozenset({"family", "ids", "partNumber", "dual"})


def certificate_of(fields: JsonObject, currency: str) -> Certificate:
    """Read the proof of a bound.

    Raises:
        InvalidInput: A field is unknown, missing or unreadable; names its path.
    """
    path = fields.at("duals")
    values = fields.items("duals", most=_MOST_DUALS)
    return Certificate(
        bound=amount(fields.raw("bound_amount", "an amount"), currency, fields.at("bound_amount")),
        duals=tuple([_plain(value) or _dual(value, f"{path}[{n}]") for n, value in enumerate(values)]),
    )


def _plain(value: Any) -> RowDual | None:  # noqa: ANN401  whatever JSON can hold
    """Read a dual in the form that is written; a certificate may have a hundred thousand of them."""
    if value.__class__ is not dict or value.keys() != _WRITTEN:
        return None
    family, ids, parts, dual = value["family"], value["ids"], value["partNumber"], value["dual"]
    if (family.__class__, ids.__class__, parts.__class__, dual.__class__) != (str, list, list, float):
        return None
    is_plain = (
        set(map(type, ids)) == {str}
        and set(map(type, parts)) == {int}
        and max(map(len, (family, *ids))) <= _LONGEST
        and len(ids) + len(parts) <= _MOST_PARTS
        and -_LARGEST_PART <= min(parts) <= max(parts) <= _LARGEST_PART
        and math.isfinite(dual)
    )
    return RowDual(family, (*ids, *parts), dual) if is_plain else None


def _dual(value: object, path: str) -> RowDual:
    fields = JsonObject(value, _DUAL, path)
    ids = fields.items("ids", most=_MOST_PARTS)
    parts = fields.items("part_number", most=_MOST_PARTS)
    for part in ids:
        if not isinstance(part, str) or len(part) > _LONGEST:
            raise refused(fields.at("ids"), part, f"text of at most {_LONGEST} characters")
    for part in parts:
        if part.__class__ is not int or abs(part) > _LARGEST_PART:
            raise refused(fields.at("part_number"), part, "a whole number")
    dual = fields.raw("dual", "a number") if fields.has("dual") else 0.0
    return RowDual(
        family=fields.text("family", longest=_LONGEST),
        key=(*ids, *parts),
        dual=number(dual, fields.at("dual"), bounded=False),
    )


def certificate_document(certificate: Certificate, money: MoneyWriter) -> dict[str, Any]:
    """Write the proof of a bound, the bound itself rounded down to nine decimals."""
    document: dict[str, Any] = {"boundAmount": rounded_down(certificate.bound, money)}
    if certificate.duals:
        document["duals"] = [_dual_document(dual) for dual in certificate.duals]
    return document


def rounded_down(value: Decimal, money: MoneyWriter) -> dict[str, Any]:
    """Write a bound: rounded up, it might no longer be one."""
    return money.rounded(value, ROUND_FLOOR)


def _dual_document(dual: RowDual) -> dict[str, Any]:
    ids = [part for part in dual.key if isinstance(part, str)]
    parts = [part for part in dual.key if not isinstance(part, str)]
    if (*ids, *parts) != dual.key:
        raise BrokenPromise(f"row {dual.family} has the key {dual.key}, expected ids before numbers")
    document: dict[str, Any] = {"family": dual.family}
    if ids:
        document["ids"] = ids
    if parts:
        document["partNumber"] = parts
    return document | without_zeros(dual=dual.dual)
