"""Values as JSON and back: exact, checked, the same for equal values."""

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Literal

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.plain_values import from_plain, to_plain

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Colour(enum.Enum):
    RED = "red"
    BLUE = 2


@dataclass(frozen=True)
class Part:
    amount: Decimal
    span: Interval | None


@dataclass(frozen=True)
class Whole:
    name: str
    count: int
    share: float
    is_so: bool
    which: Literal["this", "that"]
    on: date
    colour: Colour
    parts: tuple[Part, ...]
    pair: tuple[str, int]
    keys: frozenset[tuple[str, int]]
    sums: Mapping[tuple[str, Interval], Part]


WHOLE = Whole(
    name="=上海\n",
    count=10**18,
    share=0.1,
    is_so=False,
    which="that",
    on=date(2026, 3, 29),
    colour=Colour.BLUE,
    parts=(Part(Decimal("0.10"), None), Part(Decimal("-1E+3"), Interval(NOON, NOON + timedelta(minutes=15)))),
    pair=("a", 1),
    keys=frozenset({("b", 2), ("a", 1)}),
    sums={("e", Interval(NOON, NOON + timedelta(hours=1))): Part(Decimal(7), None)},
)


def through_json(value: object) -> object:
    return json.loads(json.dumps(to_plain(value)))


def test_a_value_comes_back_equal_and_exact() -> None:
    back = from_plain(Whole, through_json(WHOLE), "whole")

    assert back == WHOLE
    assert str(back.parts[0].amount) == "0.10"


def test_equal_sets_and_mappings_are_written_alike() -> None:
    pairs = [("a", 1), ("b", 2), ("c", 3)]

    assert to_plain(frozenset(pairs)) == to_plain(frozenset(reversed(pairs)))
    assert to_plain(dict(pairs)) == to_plain(dict(reversed(pairs)))


def test_an_instant_with_another_offset_is_written_in_utc() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=9)))

    assert to_plain(there) == to_plain(NOON) == "2026-03-02T12:00:00+00:00"


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), float("inf"), datetime(2026, 3, 2)])  # noqa: DTZ001  the naive instant is the point
def test_what_has_no_exact_text_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput):
        to_plain(value)


def test_a_type_that_is_not_known_is_a_defect() -> None:
    with pytest.raises(TypeError, match="complex"):
        to_plain(1j)
    with pytest.raises(TypeError, match="complex"):
        from_plain(complex, 1, "number")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("count",), "3", "whole.count is '3', expected int"),
        (("count",), True, "whole.count is True, expected int"),
        (("share",), 1, "whole.share is 1, expected float"),
        (("which",), "other", "whole.which is 'other', expected one of this, that"),
        (("on",), "yesterday", "whole.on is 'yesterday', expected date"),
        (("colour",), "green", "whole.colour is 'green', expected Colour"),
        (("parts", 0, "amount"), 0.1, "whole.parts[0].amount is 0.1, expected Decimal"),
        (("parts", 0, "amount"), "NaN", "whole.parts[0].amount is 'NaN', expected Decimal"),
        (("parts", 1, "span", "start"), "2026-03-02T12:00:00", "expected datetime"),
        (("parts",), {}, "whole.parts is {}, expected a list"),
        (("pair",), ["a"], "whole.pair is ['a'], expected a list of 2"),
        (("sums", 0, 0, 1), [], "whole.sums[0][0][1] is [], expected an object"),
    ],
)
def test_what_does_not_fit_is_named(path: tuple[str | int, ...], value: object, said: str) -> None:
    content = through_json(WHOLE)
    place = content
    for step in path[:-1]:
        place = place[step]  # type: ignore[index]  # lists and objects of JSON
    place[path[-1]] = value  # type: ignore[index]  # as above

    with pytest.raises(InvalidInput) as caught:
        from_plain(Whole, content, "whole")
    assert said in str(caught.value)


def test_a_field_too_many_or_too_few_is_refused() -> None:
    content = {"amount": "1", "extra": None}

    with pytest.raises(InvalidInput, match="extra, span"):
        from_plain(Part, content, "part")


def test_a_long_value_is_shown_in_part() -> None:
    with pytest.raises(InvalidInput) as caught:
        from_plain(Decimal, "9" * 500 + "x", "amount")
    assert len(str(caught.value)) < 120


def test_a_span_that_ends_before_it_starts_is_refused() -> None:
    hour = to_plain(Interval(NOON, NOON + timedelta(hours=1)))
    hour["start"], hour["end"] = hour["end"], hour["start"]

    with pytest.raises(InvalidInput, match="not after"):
        from_plain(Interval, hour, "span")
