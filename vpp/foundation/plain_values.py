"""Values as what JSON can hold, and back: exact, checked, the same for equal values.

Dataclasses become objects by field, enumerations their value, exact numbers and instants text, tuples lists,
sets sorted lists, mappings sorted lists of pairs (their keys may be values too). What is read back may come
from anybody, so every field is checked against the type that it is declared with.
"""

import dataclasses
import enum
import math
import types
import typing
from collections.abc import Callable, Hashable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, TypeVar

from vpp.foundation.errors import InvalidInput
from vpp.foundation.exact_numbers import is_sane

T = TypeVar("T")
LONGEST_SHOWN = 60


def to_plain(value: object) -> Any:  # noqa: ANN401  whatever JSON can hold
    """Write a value as what JSON can hold.

    Args:
        value: Text, bool, int, finite float, Decimal, aware datetime, date, enumeration, None, or a
            dataclass, tuple, list, set or mapping of these.

    Raises:
        InvalidInput: A number is not finite or an instant has no offset.
        TypeError: A value of another type; a defect of the caller.

    Example:
        >>> to_plain({("b", 2): Decimal("0.10"), ("a", 1): None})
        [[['a', 1], None], [['b', 2], '0.10']]
    """
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value)
    if dataclasses.is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} cannot be written as a plain value")


def from_plain(kind: type[T], content: object, where: str) -> T:
    """Read a value of a type back from what `to_plain` wrote.

    Args:
        kind: The type, a dataclass for example.
        content: What JSON gave.
        where: Its name in errors.

    Returns:
        The value, equal to the one that was written.

    Raises:
        InvalidInput: A field is missing, not known, or not of the type that it is declared with.

    Example:
        >>> from_plain(Decimal, "0.10", "price")
        Decimal('0.10')
    """
    value: T = _reader(typing.cast("Hashable", kind))(content, where)
    return value


Reader = Callable[[Any, str], Any]


@cache
def _reader(kind: Any) -> Reader:  # noqa: ANN401  types and generic aliases share no type
    """Return how a value of a type is read."""
    if kind in _SCALARS:
        return _scalar(kind, *_SCALARS[kind])
    if typing.get_origin(kind) is not None:
        return _generic_reader(typing.get_origin(kind), typing.get_args(kind))
    if dataclasses.is_dataclass(kind):
        return _object(kind)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _scalar(kind, (str, int), kind)
    raise TypeError(f"{kind!r} cannot be read from a plain value")


def _generic_reader(origin: Any, arguments: tuple[Any, ...]) -> Reader:  # noqa: ANN401  as above
    """Return how a value of a type with parameters is read."""
    if origin in {types.UnionType, typing.Union}:
        return _optional(_reader(next(part for part in arguments if part is not types.NoneType)))
    if origin is typing.Literal:
        return _one_of(arguments)
    if origin is tuple and arguments[-1] is not Ellipsis:
        return _row([_reader(part) for part in arguments])
    if issubclass(origin, Mapping):
        return _many(dict, _row([_reader(part) for part in arguments]))
    return _many(frozenset if issubclass(origin, AbstractSet) else tuple, _reader(arguments[0]))


def _optional(read: Reader) -> Reader:
    return lambda content, where: None if content is None else read(content, where)


def _one_of(choices: tuple[Any, ...]) -> Reader:
    def read_choice(content: Any, where: str) -> Any:  # noqa: ANN401  what the type says
        found = [choice for choice in choices if type(choice) is type(content) and choice == content]
        if not found:
            raise _refusal(where, content, f"one of {', '.join(map(str, choices))}")
        return found[0]

    return read_choice


def _many(build: Callable[[list[Any]], Any], read: Reader) -> Reader:
    def read_many(content: Any, where: str) -> Any:  # noqa: ANN401  what the type says
        if not isinstance(content, list):
            raise _refusal(where, content, "a list")
        return build([read(item, f"{where}[{n}]") for n, item in enumerate(content)])

    return read_many


def _row(readers: list[Reader]) -> Reader:
    def read_row(content: Any, where: str) -> Any:  # noqa: ANN401  what the type says
        if not isinstance(content, list) or len(content) != len(readers):
            raise _refusal(where, content, f"a list of {len(readers)}")
        return tuple(
            read(item, f"{where}[{n}]") for n, (read, item) in enumerate(zip(readers, content, strict=True))
        )

    return read_row


def _object(kind: Any) -> Reader:  # noqa: ANN401  a dataclass
    hints = typing.get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in dataclasses.fields(kind) if field.init}

    def read_object(content: Any, where: str) -> Any:  # noqa: ANN401  what the type says
        if not isinstance(content, dict):
            raise _refusal(where, content, "an object")
        if content.keys() != readers.keys():
            odd = sorted(content.keys() ^ readers.keys(), key=str)
            raise InvalidInput(
                f"{where} lacks, or has beyond what is known: {', '.join(map(str, odd))}", field=where
            )
        return kind(**{name: read(content[name], f"{where}.{name}") for name, read in readers.items()})

    return read_object


def _scalar(kind: type, wire: tuple[type, ...], build: Callable[[Any], Any]) -> Reader:
    def read_scalar(content: Any, where: str) -> Any:  # noqa: ANN401  what the type says
        if type(content) not in wire:
            raise _refusal(where, content, kind.__name__)
        try:
            return build(content)
        except (ValueError, InvalidOperation) as error:
            raise _refusal(where, content, kind.__name__) from error

    return read_scalar


def _finite(text: str) -> Decimal:
    number = Decimal(text)
    if not is_sane(number):
        raise ValueError(text)
    return number


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(text)
    return instant.astimezone(UTC)


def _instant_text(instant: datetime) -> str:
    if instant.tzinfo is None:
        raise InvalidInput(f"{instant.isoformat()} has no offset", instant=instant.isoformat())
    return instant.astimezone(UTC).isoformat()


def _refusal(where: str, content: object, expected: str) -> InvalidInput:
    shown = repr(content)
    shown = shown if len(shown) <= LONGEST_SHOWN else shown[:LONGEST_SHOWN] + "..."
    return InvalidInput(f"{where} is {shown}, expected {expected}", field=where)


def _finite_text(number: Decimal) -> str:
    if not number.is_finite():
        raise InvalidInput(f"number is {number}, expected a finite one", value=str(number))
    return str(number)


def _finite_float(number: float) -> float:
    if not math.isfinite(number):
        raise InvalidInput(f"number is {number}, expected a finite one", value=str(number))
    return number


def _same(value: object) -> object:
    return value


def _pairs(values: Mapping[Any, Any]) -> list[Any]:
    return sorted(([to_plain(key), to_plain(item)] for key, item in values.items()), key=repr)


_WRITERS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (enum.Enum, lambda value: value.value),
    ((str, bool, int, types.NoneType), _same),
    (float, _finite_float),
    (Decimal, _finite_text),
    (datetime, _instant_text),
    (date, date.isoformat),
    (Mapping, _pairs),
    (AbstractSet, lambda values: sorted(map(to_plain, values), key=repr)),
    ((tuple, list), lambda values: [to_plain(item) for item in values]),
)
"""How values are written, the first kind that fits."""

_SCALARS: Mapping[Any, tuple[tuple[type, ...], Callable[[Any], Any]]] = types.MappingProxyType(
    {
        str: ((str,), str),
        bool: ((bool,), bool),
        int: ((int,), int),
        float: ((float,), float),
        Decimal: ((str,), _finite),
        datetime: ((str,), _instant),
        date: ((str,), date.fromisoformat),
    }
)
