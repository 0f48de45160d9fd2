"""Scalars that programs get wrong: limits, NaN, paths, controls, look-alikes, formulas, queries."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.descriptor import FieldDescriptor as Field

ODD_TEXTS = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\n",
    "a\r\nSet-Cookie: x",
    "\t",
    "\x1b[31mred\x1b[0m",
    "\u202egnp.exe",
    "\ufeff",
    "a\u0301",
    "\u0430",
    "\U0001d4ea",
    "١٢٣",
    "\U0001f4a9",
    "\ud7ff",
    "\uff53\uff49\uff54\uff45\uff53\uff0f\uff41",
    "sites/",
    "sites/a/",
    "/sites/a",
    "sites//a",
    "sites/../parties/hub",
    "sites/a/../b",
    "sites/%2e%2e/b",
    "sites/A",
    "sites/-",
    "-",
    "..",
    "../../../../etc/passwd",
    "file:///etc/passwd",
    "C:\\Windows\\win.ini",
    "' OR 1=1 --",
    "'; DROP TABLE sites; --",
    '" OR ""="',
    "%",
    "_%",
    "\\",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "{0}",
    "%s%n",
    "=1+1",
    "+1",
    "@SUM(A1)",
    "<script>alert(1)</script>",
    "1e999999",
    "-0",
    "NaN",
    "Infinity",
    "-inf",
    "1e-400",
    "0x10",
    "1_000",
    "\uff19",
    "2026-02-30",
    "2026-13",
    "0000-00",
    "9999-12",
    "2026-03",
    "not-a-month",
    "GBP",
    "gbp",
    "XXX",
    "Europe/London",
    "../Europe/London",
    "/etc/localtime",
    "null",
    "None",
    "true",
    "AA==",
    "eyJhbGciOiJub25lIn0.e30.",
)
_INTEGERS = (
    0,
    1,
    -1,
    2,
    7,
    63,
    64,
    100,
    127,
    128,
    255,
    256,
    400,
    999,
    1000,
    1001,
    65535,
    65536,
    10**6,
    10**9,
)
_REALS = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.1,
    1e-9,
    5e-324,
    1.5,
    99.999,
    100.0,
    1e6,
    1e7,
    10_000_000.1,
    1e15,
    1e300,
    1.7976931348623157e308,
    float("inf"),
    float("-inf"),
    float("nan"),
)
_SMALL, _LARGE = 2**31, 2**63
HUGE_TEXTS = (256, 1001, 10_001, 70_000, 300_000)
"""Lengths, characters."""


def odd_text(rng: random.Random) -> str:
    """Return text that is not what was expected."""
    draw = rng.random()
    if draw < 0.7:
        return rng.choice(ODD_TEXTS)
    if draw < 0.9:
        return "".join(
            chr(rng.choice((rng.randrange(32, 127), rng.randrange(0x80, 0xD800)))) for _ in range(9)
        )
    if draw < 0.995:
        return rng.choice(("a", "9", "/", "é")) * rng.choice((63, 64, 65, 200, 201, 255))
    return rng.choice(("a", "9", "-", "\U0001f4a9", "a/")) * rng.choice(HUGE_TEXTS)


def _integer(rng: random.Random, lowest: int, highest: int) -> int:
    draw = rng.random()
    if draw < 0.7:
        return max(lowest, min(highest, rng.choice(_INTEGERS)))
    if draw < 0.9:
        return rng.choice((lowest, highest, lowest + 1, highest - 1))
    return rng.randint(lowest, highest)


def _real(rng: random.Random) -> float:
    return rng.choice(_REALS) if rng.random() < 0.7 else rng.uniform(-500.0, 3000.0)


def _bytes(rng: random.Random) -> bytes:
    return rng.randbytes(rng.choice((0, 1, 8, 32, 64, 200, 2000)))


def _wide(rng: random.Random) -> int:
    return _integer(rng, -_LARGE, _LARGE - 1)


def _narrow(rng: random.Random) -> int:
    return _integer(rng, -_SMALL, _SMALL - 1)


MAKERS: Mapping[int, Callable[[random.Random], Any]] = {
    Field.TYPE_STRING: odd_text,
    Field.TYPE_BYTES: _bytes,
    Field.TYPE_BOOL: lambda rng: rng.random() < 0.5,
    Field.TYPE_DOUBLE: _real,
    Field.TYPE_FLOAT: lambda rng: max(-3e38, min(3e38, _real(rng))),
    Field.TYPE_ENUM: lambda rng: rng.choice((0, 1, 2, 3, 4, 5, 6, 9, -1, 99, _SMALL - 1)),
    Field.TYPE_INT32: _narrow,
    Field.TYPE_SINT32: _narrow,
    Field.TYPE_SFIXED32: _narrow,
    Field.TYPE_INT64: _wide,
    Field.TYPE_SINT64: _wide,
    Field.TYPE_SFIXED64: _wide,
    Field.TYPE_UINT32: lambda rng: _integer(rng, 0, 2 * _SMALL - 1),
    Field.TYPE_FIXED32: lambda rng: _integer(rng, 0, 2 * _SMALL - 1),
    Field.TYPE_UINT64: lambda rng: _integer(rng, 0, 2 * _LARGE - 1),
    Field.TYPE_FIXED64: lambda rng: _integer(rng, 0, 2 * _LARGE - 1),
}
"""How to make an odd value of a field's type."""
