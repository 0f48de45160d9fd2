"""Fields of a JSON object, each taken once and checked, for documents that may come from anybody."""

import math
from collections.abc import Callable
from typing import Any, TypeVar

from vpp.foundation.errors import InvalidInput

T = TypeVar("T")


class Fields:
    """A JSON object whose fields are taken one by one; what is left at the end is not known."""

    def __init__(self, where: str, content: object) -> None:
        """Look at an object.

        Args:
            where: Its name in errors.
            content: What JSON gave.

        Raises:
            InvalidInput: It is no object.
        """
        if not isinstance(content, dict):
            raise InvalidInput(f"{where} is {_shown(content)}, expected a JSON object")
        self._where = where
        self._left: dict[str, Any] = dict(content)

    def take(self, name: str, kind: type[T]) -> T:
        """Take a field of exactly one type.

        Raises:
            InvalidInput: It is missing or of another type.
        """
        value = self._taken(name)
        if type(value) is not kind:
            raise self._refusal(name, value, kind.__name__)
        return value

    def text(self, name: str) -> str:
        """Take a text."""
        return self.take(name, str)

    def number(self, name: str) -> float:
        """Take a finite float."""
        value = self._taken(name)
        if type(value) is not float or not math.isfinite(value):
            raise self._refusal(name, value, "a finite number with a decimal point")
        return value

    def each(self, name: str, read: Callable[[Any], T]) -> T:
        """Take a field by a reader that raises ValueError, KeyError or TypeError for what does not fit."""
        return self._read(name, self._taken(name), read)

    def all(self, name: str, read: Callable[[Any], T], count: int | None = None) -> tuple[T, ...]:
        """Take a list, each item by a reader; with `count`, of that many items."""
        return tuple(self._read(name, item, read) for item in self._items(name, count))

    def texts(self, name: str) -> tuple[str, ...]:
        """Take a list of texts."""
        items = self._items(name)
        if any(type(item) is not str for item in items):
            raise self._refusal(name, items, "texts")
        return tuple(items)

    def powers(self, name: str, count: int) -> tuple[float, ...]:
        """Take a list of so many kW, floats and null for gaps, as floats and NaN."""
        items = self._items(name, count)
        for item in items:
            if item is not None and (type(item) is not float or not math.isfinite(item)):
                raise self._refusal(name, item, "kW with a decimal point, or null")
        return tuple(math.nan if item is None else item for item in items)

    def has_items(self, name: str) -> bool:
        """Tell whether a field that is still to be taken is a list that is not empty."""
        return isinstance(self._left.get(name), list) and bool(self._left[name])

    def part(self, name: str) -> "Fields | None":
        """Take an object, or None for null."""
        value = self._taken(name)
        return None if value is None else Fields(f"{self._where}.{name}", value)

    def promised(self, name: str) -> "Fields":
        """Take an object."""
        return Fields(f"{self._where}.{name}", self._taken(name))

    def finish(self) -> None:
        """Refuse what was not taken.

        Raises:
            InvalidInput: A field is not known.
        """
        if self._left:
            raise InvalidInput(
                f"{self._where} has {', '.join(sorted(self._left))}, which nothing reads",
                field=min(self._left),
            )

    def _taken(self, name: str) -> Any:  # noqa: ANN401  whatever JSON gave; the callers look at its type
        if name not in self._left:
            raise InvalidInput(f"{self._where} has no {name}", field=name)
        return self._left.pop(name)

    def _items(self, name: str, count: int | None = None) -> list[Any]:
        items = self._taken(name)
        if not isinstance(items, list) or (count is not None and len(items) != count):
            raise self._refusal(name, items, "a list" if count is None else f"a list of {count}")
        return items

    def _read(self, name: str, value: object, read: Callable[[Any], T]) -> T:
        try:
            return read(value)
        except (ValueError, KeyError, TypeError, InvalidInput) as error:
            raise self._refusal(name, value, "what was written there") from error

    def _refusal(self, name: str, value: object, expected: str) -> InvalidInput:
        return InvalidInput(f"{self._where}.{name} is {_shown(value)}, expected {expected}", field=name)


LONGEST_SHOWN = 60


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "..."
