"""Money in JSON as the public protos have it: units as text and nanos, exact in both directions."""

import re
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any

from vpp.auction.entry_refusal import CURRENCY, CURRENCY_EXPECTED
from vpp.auction.json_fields import JsonObject, Names, refused
from vpp.foundation.errors import InvalidInput

MoneyDocument = dict[str, Any]

_NAMES = Names("currency_code", "units", "nanos")
_NANO_DIGITS = 9
_NANOS_PER_UNIT = 10**_NANO_DIGITS
_LARGEST_UNITS = 2**63 - 1
_LONGEST_UNITS = 20  # characters of the smallest of them
_WHOLE = re.compile("-?[0-9]+")
_EXACT = Context(prec=80, traps=[Inexact, InvalidOperation])
_FINEST = Decimal(1).scaleb(-_NANO_DIGITS)


def amount(value: object, currency: str, path: str) -> Decimal:
    """Read an exact amount that must be in one currency.

    Args:
        value: What the JSON has there.
        currency: ISO 4217 code of the document's currency; empty if it has none.
        path: Where it stands in the document.

    Raises:
        InvalidInput: It is no amount, in another currency, or units and nanos differ in sign.

    Example:
        >>> amount({"currencyCode": "GBP", "units": "-1", "nanos": -500000000}, "GBP", "price")
        Decimal('-1.5')
    """
    fields = JsonObject(value, _NAMES, path)
    code = fields.text("currency_code", longest=3)
    if code != currency:
        raise refused(fields.at("currency_code"), code, currency or "no currency, as in the rest")
    units = _units(fields)
    nanos = fields.count("nanos", least=1 - _NANOS_PER_UNIT, most=_NANOS_PER_UNIT - 1)
    if units * nanos < 0:
        raise refused(fields.at("nanos"), nanos, f"the sign of units, which are {units}")
    return decimal_of(units, nanos)


def decimal_of(units: int, nanos: int) -> Decimal:
    """Return units and nanos as one exact amount.

    Example:
        >>> decimal_of(120, 250_000_000)
        Decimal('120.25')
    """
    if not nanos:
        return Decimal(units)
    return Decimal(units * _NANOS_PER_UNIT + nanos).scaleb(-_NANO_DIGITS).normalize()


def plain_amount(
    units: object, nanos: object, code: object, field_count: int, currency: str
) -> Decimal | None:
    """Read the parts of an amount in the form that `MoneyWriter` writes, None being an absent part.

    Args:
        units: Whole units, as text.
        nanos: Billionths of a unit.
        code: Its currency.
        field_count: How many fields the amount has.
        currency: The currency it must be in; empty for none.

    Returns:
        The amount; None if it may only be read field by field.

    Example:
        >>> plain_amount("120", None, "GBP", 2, "GBP"), plain_amount("1e2", None, "GBP", 2, "GBP")
        (Decimal('120'), None)
    """
    given = (units is not None) + (nanos is not None) + (code is not None)
    if given != field_count or (code or "") != currency:
        return None
    whole, part = 0, 0
    if units is not None:
        if (
            units.__class__ is not str
            or len(str(units)) >= _LONGEST_UNITS
            or not _WHOLE.fullmatch(str(units))
        ):
            return None
        whole = int(str(units))
    if nanos is not None:
        if not isinstance(nanos, int) or isinstance(nanos, bool) or abs(nanos) >= _NANOS_PER_UNIT:
            return None
        part = nanos
    return None if whole * part < 0 or abs(whole) > _LARGEST_UNITS else decimal_of(whole, part)


def currency_of(value: object, path: str) -> str:
    """Return the currency of an amount, empty if it says none; the amount is not looked at.

    Raises:
        InvalidInput: It is no currency.

    Example:
        >>> currency_of({"currencyCode": "GBP", "units": "120"}, "capPricePerMwh")
        'GBP'
    """
    fields = JsonObject(value, _NAMES, path)
    code = fields.text("currency_code", longest=3)
    if code and not CURRENCY.fullmatch(code):
        raise refused(fields.at("currency_code"), code, CURRENCY_EXPECTED)
    return code


def _units(fields: JsonObject) -> int:
    # As text, because a JSON number may be a float elsewhere, and so lose digits.
    value = fields.raw("units", "a whole number as text") if fields.has("units") else 0
    if isinstance(value, str) and len(value) <= _LONGEST_UNITS and _WHOLE.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST_UNITS:
        raise refused(fields.at("units"), value, "a whole number as text, below 2^63")
    return value


class MoneyWriter:
    """Writes amounts of one currency; equal amounts share one document, which must not be changed."""

    def __init__(self, currency: str) -> None:
        """Keep the currency: an ISO 4217 code, or empty for none."""
        self._currency = currency
        self._written: dict[Decimal, MoneyDocument] = {}

    def exact(self, value: Decimal) -> MoneyDocument:
        """Write an amount.

        Raises:
            InvalidInput: It is not finite, needs more than nine decimals, or is beyond the range.

        Example:
            >>> MoneyWriter("GBP").exact(Decimal("-1.5"))
            {'currencyCode': 'GBP', 'units': '-1', 'nanos': -500000000}
        """
        found = self._written.get(value)
        if found is None:
            found = self._written[value] = self._document(value)
        return found

    def rounded(self, value: Decimal, rounding: str) -> MoneyDocument:
        """Write an amount that nobody is paid, such as a solver's cost, to nine decimals."""
        return self.exact(value.quantize(_FINEST, rounding, _EXACT_BUT_ROUNDED))

    def _document(self, value: Decimal) -> MoneyDocument:
        try:
            nanos = int(_EXACT.to_integral_exact(_EXACT.scaleb(value, _NANO_DIGITS)))
        except (Inexact, InvalidOperation, ValueError, OverflowError) as error:
            raise _unwritable(value) from error
        units, rest = divmod(abs(nanos), _NANOS_PER_UNIT)
        if units > _LARGEST_UNITS:
            raise _unwritable(value)
        sign = -1 if nanos < 0 else 1
        document: MoneyDocument = {}
        if self._currency:
            document["currencyCode"] = self._currency
        if units:
            document["units"] = str(sign * units)
        if rest:
            document["nanos"] = sign * rest
        return document


_EXACT_BUT_ROUNDED = Context(prec=80)


def _unwritable(value: Decimal) -> InvalidInput:
    return InvalidInput(
        f"amount is {value}, expected a finite amount of at most {_NANO_DIGITS} decimals, below 2^63",
        amount=str(value),
    )
