"""The duals of a certificate, sorted into one table per family of rows."""

from collections.abc import Hashable, Iterable, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np

from vpp.auction.result import Certificate, RowDual
from vpp.auction.verification.telling import Flags, Floats

_MOST = 20


class Duals:
    """The duals of a certificate.

    A dual of a row that the book does not have is left out, which can only lower the bound, and
    told. So is one that is not a number.

    Attributes:
        unknown: What was left out, in words.
    """

    def __init__(self, certificate: Certificate) -> None:
        """Sort the duals by their family."""
        self._by_family: dict[str, list[RowDual]] = {}
        self._left_out: list[str] = []
        for family, rows in groupby(certificate.duals, attrgetter("family")):
            self._by_family.setdefault(family, []).extend(rows)

    @property
    def unknown(self) -> tuple[str, ...]:
        """What was left out, and families that nobody asked for, in words."""
        texts = [*self._left_out, *(f"the certificate has unknown rows {name}" for name in self._by_family)]
        more = len(texts) - _MOST
        return (*texts[:_MOST], *([f"and {more} more unknown rows"] if more > 0 else []))

    def table(
        self,
        family: str,
        heads: Mapping[Any, int] | None,
        sizes: tuple[int, ...],
        *,
        sense: int,
        is_row: Flags | None = None,
    ) -> Floats:
        """Return the duals of a family.

        Args:
            family: The family; it can be asked for once.
            heads: Place of what the key begins with: a text, or a tuple of several; None if it
                has only numbers.
            sizes: How many values each number of the key can take.
            sense: 1 for rows of at least, -1 of at most, 0 of equality. A dual of the wrong sign
                proves nothing and is set to 0.
            is_row: Which rows the book has; None for all.

        Returns:
            The duals, 0 where none is stated. Shape (heads, sizes...), without heads (sizes...).
        """
        shape = sizes if heads is None else (len(heads), *sizes)
        stated = self._by_family.pop(family, None)
        if stated is None:
            return np.zeros(shape)
        places, values = self._placed(family, stated, heads, sizes)
        table = np.zeros(shape)
        if not len(values):
            return table
        if shape:
            flat = np.ravel_multi_index(places, shape)
            table += np.bincount(flat, weights=values, minlength=table.size).reshape(shape)
        if is_row is not None and (strange := (table != 0) & ~is_row).any():
            names = None if heads is None else list(heads)
            for place in np.argwhere(strange).tolist():
                key = place if names is None else [names[place[0]], *place[1:]]
                self._left_out.append(f"the certificate has an unknown row {family} {key}")
            table[strange] = 0.0
        return clipped(table, sense)

    def _placed(
        self,
        family: str,
        stated: list[RowDual],
        heads: Mapping[Any, int] | None,
        sizes: tuple[int, ...],
    ) -> tuple[tuple[Any, ...], Floats]:
        """Find the places of duals, quickly if all of them are sound and one by one if not."""
        width = _width(heads)
        values = np.array([row.dual for row in stated], dtype=float)
        keys = [row.key for row in stated]
        try:
            places = _places(keys, heads, width, sizes)
        except (KeyError, IndexError, TypeError, ValueError):
            places = None
        if places is not None and np.isfinite(values).all():
            return places, values
        kept = []
        for row in stated:
            try:
                _places([row.key], heads, width, sizes)
            except (KeyError, IndexError, TypeError, ValueError):
                self._left_out.append(f"the certificate has an unknown row {family} {list(row.key)}")
                continue
            if np.isfinite(row.dual):
                kept.append(row)
            else:
                self._left_out.append(f"the dual of {family} {list(row.key)} is {row.dual}")
        if not kept:
            empty = np.empty(0, dtype=np.int64)
            return tuple(empty for _ in range(len(sizes) + (heads is not None))), np.empty(0)
        return (
            _places([row.key for row in kept], heads, width, sizes),
            np.array([row.dual for row in kept], dtype=float),
        )


def clipped(table: Floats, sense: int) -> Floats:
    """Set duals of the wrong sign to 0: 1 keeps those of at least, -1 of at most, 0 all."""
    if sense > 0:
        return np.maximum(table, 0.0)
    return np.minimum(table, 0.0) if sense < 0 else table


def _width(heads: Mapping[Any, int] | None) -> int:
    """Return with how many texts a key begins."""
    if heads is None:
        return 0
    first = next(iter(heads), "")
    return len(first) if isinstance(first, tuple) else 1


def _places(
    keys: list[tuple[str | int, ...]], heads: Mapping[Any, int] | None, width: int, sizes: tuple[int, ...]
) -> tuple[Any, ...]:
    """Return the places of keys in a table, or raise because one of them has none."""
    columns = list(zip(*keys, strict=True))  # raises where keys differ in length
    if len(columns) != width + len(sizes):
        raise ValueError("a key is too long or too short")
    places: list[Any] = []
    if heads is not None:
        chosen: Iterable[Hashable] = columns[0] if width == 1 else zip(*columns[:width], strict=True)
        places.append(np.fromiter(map(heads.__getitem__, chosen), dtype=np.int64, count=len(keys)))
    for column, size in zip(columns[width:], sizes, strict=True):
        numbers = np.array(column)
        if numbers.dtype.kind != "i" or numbers.min() < 0 or numbers.max() >= size:
            raise ValueError("a number of a key is out of range")
        places.append(numbers)
    return tuple(places)
