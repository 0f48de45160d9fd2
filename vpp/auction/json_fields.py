"""Reading JSON objects field by field; what is wrong is refused by its path, value and expectation.

The names are those of the public protos: lowerCamelCase, or as the protos spell them. A field that
is absent or null has its default, as in the JSON form of proto3.
"""

import enum
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from vpp.foundation.errors import InvalidInput

E = TypeVar("E", bound=enum.Enum)

LARGEST = 1e7
"""Largest magnitude of a quantity: 10 GW, or 10 GWh."""

_LONGEST_SHOWN = 60
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_SPAN = re.compile(r"-?\d{1,12}(\.\d{1,9})?s")
_NANO_DIGITS = 9
_MICRO_DIGITS = 6


class Names:
    """The fields that a kind of object has."""

    __slots__ = ("spellings",)

    def __init__(self, *fields: str) -> None:
        """Keep both spellings of every field.

        Args:
            fields: The names as the proto spells them, in snake_case.
        """
        self.spellings = {camel(field): field for field in fields} | {field: field for field in fields}


def camel(field: str) -> str:
    """Spell a proto's field name as JSON does.

    Example:
        >>> camel("cap_price_per_mwh")
        'capPricePerMwh'
    """
    first, *others = field.split("_")
    return first + "".join(other[:1].upper() + other[1:] for other in others)


def refused(path: str, value: object, expected: str) -> InvalidInput:
    """Say what is wrong with a value.

    Example:
        >>> print(refused("bids[3].deliveryRatio", "half", "a number"))
        bids[3].deliveryRatio is 'half', expected a number
    """
    shown = repr(value)
    if len(shown) > _LONGEST_SHOWN:
        shown = shown[: _LONGEST_SHOWN - 3] + "..."
    return InvalidInput(f"{path} is {shown}, expected {expected}", path=path, value=shown, expected=expected)


class JsonObject:
    """One JSON object, read field by field; fields are asked for as the proto spells them."""

    __slots__ = ("_values", "path")

    def __init__(self, value: object, names: Names, path: str) -> None:
        """Take the fields of an object.

        Args:
            value: What the JSON has there.
            names: The fields it may have.
            path: Where it stands in the document; empty for the document itself.

        Raises:
            InvalidInput: It is no object, or has a field that is unknown or given twice.
        """
        self.path = path
        if not isinstance(value, Mapping):
            raise refused(path or "the document", value, "an object")
        spellings = names.spellings
        self._values: dict[str, Any] = {}
        for key, held in value.items():
            field = spellings.get(key)
            if field is None:
                expected = "one of " + ", ".join(key for key in spellings if "_" not in key)
                raise refused(f"a field of {path or 'the document'}", key, expected)
            if field in self._values:
                raise refused(self.at(field), key, "one spelling of it")
            if held is not None:
                self._values[field] = held

    def at(self, field: str) -> str:
        """Return the path of a field."""
        return f"{self.path}.{camel(field)}" if self.path else camel(field)

    def has(self, field: str) -> bool:
        """Tell whether a field is given."""
        return field in self._values

    def raw(self, field: str, expected: str) -> Any:  # noqa: ANN401  whatever JSON can hold
        """Return what the JSON has in a field that must be given.

        Raises:
            InvalidInput: It is absent.
        """
        if field not in self._values:
            raise InvalidInput(
                f"{self.at(field)} is missing, expected {expected}", path=self.at(field), expected=expected
            )
        return self._values[field]

    def text(self, field: str, *, longest: int) -> str:
        """Read text; absent is empty."""
        value = self._values.get(field, "")
        if not isinstance(value, str) or len(value) > longest:
            raise refused(self.at(field), value, f"text of at most {longest} characters")
        return value

    def matching(self, field: str, pattern: re.Pattern[str], expected: str) -> str:
        """Read text of a pattern; it must be given."""
        value = self.raw(field, expected)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise refused(self.at(field), value, expected)
        return value

    def flag(self, field: str, *, default: bool) -> bool:
        """Read true or false."""
        value = self._values.get(field, default)
        if not isinstance(value, bool):
            raise refused(self.at(field), value, "true or false")
        return value

    def count(self, field: str, *, most: int, least: int = 0) -> int:
        """Read a whole number; absent is 0."""
        value = self._values.get(field, 0)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise refused(self.at(field), value, f"a whole number from {least} to {most}")
        return value

    def number(self, field: str, default: float = 0.0) -> float:
        """Read a quantity."""
        return number(self._values[field], self.at(field)) if field in self._values else default

    def some_number(self, field: str) -> float | None:
        """Read a quantity; None if it is absent."""
        return number(self._values[field], self.at(field)) if field in self._values else None

    def numbers(self, field: str, *, most: int, bounded: bool = True) -> tuple[float, ...]:
        """Read a list of quantities; absent is empty. Shape (N,)."""
        return numbers(self.items(field, most=most), self.at(field), bounded=bounded)

    def items(self, field: str, *, most: int) -> Sequence[Any]:
        """Read a list; absent is empty."""
        value = self._values.get(field, [])
        if not isinstance(value, list):
            raise refused(self.at(field), value, "a list")
        if len(value) > most:
            raise refused(self.at(field), f"a list of {len(value)}", f"at most {most} items")
        return value

    def objects(self, field: str, names: Names, *, most: int) -> "list[JsonObject]":
        """Read a list of objects; absent is empty."""
        path = self.at(field)
        return [
            JsonObject(item, names, f"{path}[{n}]") for n, item in enumerate(self.items(field, most=most))
        ]

    def inner(self, field: str, names: Names) -> "JsonObject | None":
        """Read an object within; None if it is absent."""
        return JsonObject(self._values[field], names, self.at(field)) if field in self._values else None

    def choice(self, field: str, kind: type[E], prefix: str, default: E | None = None) -> E:
        """Read a member of an enum, whose name on the wire has a prefix."""
        expected = "one of " + ", ".join(prefix + name for name in kind.__members__)
        value = self._values.get(field) if default is not None else self.raw(field, expected)
        if default is not None and value in (None, prefix + "UNSPECIFIED"):
            return default
        found = _member(value, kind, prefix)
        if found is None:
            raise refused(self.at(field), value, expected)
        return found

    def choices(self, field: str, kind: type[E], prefix: str, *, most: int) -> tuple[E, ...]:
        """Read a list of members of an enum; absent is empty."""
        read = []
        for n, value in enumerate(self.items(field, most=most)):
            found = _member(value, kind, prefix)
            if found is None:
                expected = "one of " + ", ".join(prefix + name for name in kind.__members__)
                raise refused(f"{self.at(field)}[{n}]", value, expected)
            read.append(found)
        return tuple(read)

    def instant(self, field: str) -> datetime:
        """Read an instant, UTC; it must be given."""
        return instant(self.raw(field, "an instant such as 2026-03-02T17:00:00Z"), self.at(field))

    def span(self, field: str) -> timedelta:
        """Read a span of time that is not negative; absent is zero."""
        return span(self._values[field], self.at(field)) if field in self._values else timedelta(0)


def _member(value: object, kind: type[E], prefix: str) -> E | None:
    if not isinstance(value, str) or not value.startswith(prefix):
        return None
    return kind.__members__.get(value.removeprefix(prefix))


def number(value: object, path: str, *, bounded: bool = True) -> float:
    """Read a number, by default a quantity of at most 10 GW or 10 GWh either way.

    Raises:
        InvalidInput: It is no number, not finite, or beyond that.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        if -LARGEST <= value <= LARGEST:
            return float(value)
        if not bounded and isinstance(value, float) and math.isfinite(value):
            return value
    raise refused(path, value, f"a number from -{LARGEST:.0f} to {LARGEST:.0f}" if bounded else "a number")


def numbers(values: Sequence[Any], path: str, *, bounded: bool = True) -> tuple[float, ...]:
    """Read a list of numbers. Shape (N,).

    Raises:
        InvalidInput: One of them is no number, not finite or too large.
    """
    # Nearly every list is of floats that are in order, which three passes in C find out.
    if values and set(map(type, values)) == {float} and min(values) >= -LARGEST and max(values) <= LARGEST:
        total = sum(values)
        if total == total:  # noqa: PLR0124  NaN is not itself, and passes min and max
            return tuple(values)
    return tuple(number(value, f"{path}[{n}]", bounded=bounded) for n, value in enumerate(values))


def instant(value: object, path: str) -> datetime:
    """Read an instant, UTC.

    Raises:
        InvalidInput: It is no RFC 3339 text with an offset, or finer than a microsecond.

    Example:
        >>> instant("2026-03-02T18:00:00+01:00", "startTime").isoformat()
        '2026-03-02T17:00:00+00:00'
    """
    expected = "an instant such as 2026-03-02T17:00:00Z, to the microsecond"
    matched = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if matched is None:
        raise refused(path, value, expected)
    fraction = matched[1] or ""
    whole, finer = fraction[: _MICRO_DIGITS + 1], fraction[_MICRO_DIGITS + 1 :]
    if finer.strip("0"):
        raise refused(path, value, expected)
    text = matched[0].upper().replace(fraction + matched[2].upper(), whole + matched[2].upper(), 1)
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise refused(path, value, expected) from error


def nanoseconds(value: object, path: str) -> int:
    """Read a span of time that is not negative, ns.

    Raises:
        InvalidInput: It is no text of seconds, or negative.

    Example:
        >>> nanoseconds("0.25s", "wallDuration")
        250000000
    """
    if not isinstance(value, str) or not _SPAN.fullmatch(value) or value.startswith("-"):
        raise refused(path, value, "a span in seconds such as 900s or 0.250s, not negative")
    whole, _, fraction = value[:-1].partition(".")
    seconds: int = 10**_NANO_DIGITS
    return int(whole) * seconds + int(fraction.ljust(_NANO_DIGITS, "0"))


def span(value: object, path: str) -> timedelta:
    """Read a span of time that is not negative.

    Raises:
        InvalidInput: It is no text of seconds, negative, finer than a microsecond or too long.

    Example:
        >>> span("900s", "intervalDuration")
        datetime.timedelta(seconds=900)
    """
    microseconds, finer = divmod(nanoseconds(value, path), 1000)
    if finer:
        raise refused(path, value, "a span of whole microseconds")
    return timedelta(microseconds=microseconds)
