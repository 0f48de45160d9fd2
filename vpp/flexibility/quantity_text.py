"""Powers and energies as people write them, with their unit: never guessed.

One sign means different things in different languages: 兆 before 瓦 is 10^6 in Chinese (兆瓦 is MW), before
ワット it is 10^12 in Japanese. A text that could be read in two ways is refused, and the refusal says both.

    text     = [sign] [number] [magnitudes] unit
    number   = digits with at most one decimal point; thousands may be separated by spaces, underscores or
               commas if every group is whole and no comma could be a decimal one: "1,234.5" and
               "1,234,567" are read, "1,234" is not
    magnitude = 十 百 千 万 亿 (萬, 億): they multiply, and stand before a unit ("3.2亿千瓦时", "5万 kW")

Full-width and half-width forms are read as the plain ones. A missing number is one unit: 万千瓦 is 10 MW.
"""

import enum
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from vpp.foundation.errors import InvalidInput


class Dimension(enum.Enum):
    """What a unit measures.

    Attributes:
        POWER: kW inside.
        ENERGY: kWh inside.
    """

    POWER = "power"
    ENERGY = "energy"


KILO = Decimal("1e-3")
_PREFIXES = {"": KILO, "k": Decimal(1), "M": Decimal(1000), "G": Decimal(10) ** 6, "T": Decimal(10) ** 9}
_SPELT = {
    "千": Decimal(1),
    "兆": Decimal(1000),  # Chinese, and only before 瓦
    "吉": Decimal(10) ** 6,
    "太": Decimal(10) ** 9,
    "": KILO,
}
_KANA = {
    "キロ": Decimal(1),
    "メガ": Decimal(1000),
    "ギガ": Decimal(10) ** 6,
    "テラ": Decimal(10) ** 9,
    "": KILO,
}
_MAGNITUDES = {
    "十": Decimal(10),
    "百": Decimal(100),
    "千": Decimal(1000),
    "万": Decimal(10) ** 4,
    "亿": Decimal(10) ** 8,
}


def _known_units() -> dict[str, tuple[Dimension, Decimal]]:
    """Return what each unit measures, and how many kW or kWh it is."""
    units: dict[str, tuple[Dimension, Decimal]] = {}
    for prefix, factor in _PREFIXES.items():
        units[f"{prefix}W"] = Dimension.POWER, factor
        units[f"{prefix}Wh"] = Dimension.ENERGY, factor
    for spelling in ("kw", "KW", "Kw"):  # no other prefix is written with a k
        units[spelling] = Dimension.POWER, Decimal(1)
    for spelling in ("kwh", "KWH", "KWh", "Kwh", "kWH"):
        units[spelling] = Dimension.ENERGY, Decimal(1)
    for prefix, factor in _SPELT.items():
        units[f"{prefix}瓦"] = Dimension.POWER, factor
        units[f"{prefix}瓦时"] = Dimension.ENERGY, factor
        units[f"{prefix}瓦小时"] = Dimension.ENERGY, factor
    units["度"] = Dimension.ENERGY, Decimal(1)
    units["瓩"] = Dimension.POWER, Decimal(1)
    for prefix, factor in _KANA.items():
        units[f"{prefix}ワット"] = Dimension.POWER, factor
        units[f"{prefix}ワット时"] = Dimension.ENERGY, factor
        units[f"{prefix}ワットアワー"] = Dimension.ENERGY, factor
    return units


UNITS = _known_units()
_SAME_SIGN = str.maketrans({"萬": "万", "億": "亿", "時": "时", "\N{MINUS SIGN}": "-"})
_TEXT = re.compile(r"(?P<sign>[+-]?)\s*(?P<number>[0-9][0-9.,_ ]*)?(?P<words>.*)", re.DOTALL)
_PLAIN = re.compile(r"[0-9]+(\.[0-9]+)?")
_GROUPED = re.compile(r"[0-9]{1,3}(?P<sign>[,_ ])[0-9]{3}((?P=sign)[0-9]{3})*(\.[0-9]+)?")
_APPARENT = re.compile(r"[kMGT]?VA(h|r|rh)?", re.IGNORECASE)
_MILLI = re.compile(r"m[wW][hH]?")
LONGEST_TEXT = 64


@dataclass(frozen=True, slots=True)
class Quantity:
    """A power or an energy.

    Attributes:
        dimension: What it is.
        value: kW of a power, kWh of an energy; exact.
    """

    dimension: Dimension
    value: Decimal


def parse_quantity(text: str) -> Quantity:
    """Read a power or an energy with its unit.

    Args:
        text: Such as "1.5 MW", "200兆瓦" or "亿千瓦时".

    Returns:
        What it says, exactly.

    Raises:
        InvalidInput: It has no unit, an unknown one, or can be read in more than one way; the message
            says what the readings are.

    Source:
        Check case C9 and case K19 of this project.

    Example:
        >>> parse_quantity("200兆瓦").value, parse_quantity("万千瓦").value, parse_quantity("亿千瓦时").value
        (Decimal('200000'), Decimal('10000'), Decimal('100000000'))
        >>> parse_quantity("200兆ワット")
        Traceback (most recent call last):
        vpp.foundation.errors.InvalidInput: '200兆ワット' can be read in two ways: ...
    """
    plain = unicodedata.normalize("NFKC", text).translate(_SAME_SIGN).strip()
    if not plain or len(plain) > LONGEST_TEXT:
        raise _refused(text, f"has {len(plain)} characters", 'expected a quantity such as "1.5 MW"')
    raised = [sign for sign in text if unicodedata.category(sign) == "No"]
    if raised:  # normalisation would turn 10³ into 103
        raise _refused(text, f"has the sign {raised[0]}", "expected plain digits without power or fraction")
    match = _TEXT.fullmatch(plain)
    words = "" if match is None else re.sub(r"\s+", "", match["words"])
    number = "" if match is None else (match["number"] or "").strip()
    factor, dimension = _unit(text, words)
    if match is not None and match["sign"] and not number:
        raise _refused(text, "has a sign and no number", 'expected a quantity such as "1.5 MW"')
    value = _number(text, number) if number else Decimal(1)
    sign = -1 if match is not None and match["sign"] == "-" else 1
    return Quantity(dimension, sign * value * factor)


def parse_power_kw(text: str) -> float:
    """Read a power; return kW.

    Raises:
        InvalidInput: It is no power, or not readable without guessing.

    Example:
        >>> parse_power_kw("1 250 kW"), parse_power_kw("0.5万千瓦")
        (1250.0, 5000.0)
        >>> parse_power_kw("1250 kWh")
        Traceback (most recent call last):
        vpp.foundation.errors.InvalidInput: '1250 kWh' is an energy, expected a power such as "1.5 MW"
    """
    return _of(text, Dimension.POWER, 'a power such as "1.5 MW"')


def parse_energy_kwh(text: str) -> float:
    """Read an energy; return kWh.

    Raises:
        InvalidInput: It is no energy, or not readable without guessing.

    Example:
        >>> parse_energy_kwh("90 MWh"), parse_energy_kwh("3万度")
        (90000.0, 30000.0)
    """
    return _of(text, Dimension.ENERGY, 'an energy such as "1.5 MWh"')


def _of(text: str, dimension: Dimension, expected: str) -> float:
    quantity = parse_quantity(text)
    if quantity.dimension is not dimension:
        article = "an" if quantity.dimension is Dimension.ENERGY else "a"
        raise _refused(text, f"is {article} {quantity.dimension.value}", f"expected {expected}")
    return float(quantity.value)


def _number(text: str, number: str) -> Decimal:
    """Read a number without an exponent, its thousands separated or not."""
    if _PLAIN.fullmatch(number):
        return Decimal(number)
    if re.fullmatch(r"[0-9]+,[0-9]+", number):
        raise _refused(
            text,
            f"can be read in two ways: the comma of {number} separates thousands or decimals",
            f"expected {number.replace(',', '')} or {number.replace(',', '.')}",
        )
    if _GROUPED.fullmatch(number):
        return Decimal(re.sub(r"[,_ ]", "", number))
    raise _refused(text, f"has the number {number}", "expected digits with at most one decimal point")


def _unit(text: str, words: str) -> tuple[Decimal, Dimension]:
    """Read magnitudes and unit; return kW or kWh per one, and which."""
    if not words:
        raise _refused(text, "has no unit", 'expected one, such as kW or kWh: "1.5 MW"')
    factor, rest = Decimal(1), words
    while rest not in UNITS and rest[:1] in _MAGNITUDES:
        factor, rest = factor * _MAGNITUDES[rest[0]], rest[1:]
    if "兆" in words and (rest not in UNITS or factor != 1):
        raise _refused_trillion(text)
    if rest not in UNITS:
        raise _refused_unit(text, rest or words)
    dimension, per_unit = UNITS[rest]
    return factor * per_unit, dimension


def _refused(text: str, trouble: str, expected: str) -> InvalidInput:
    return InvalidInput(f"{text!r} {trouble}, {expected}", quantity=text)


def _refused_trillion(text: str) -> InvalidInput:
    """Say what the sign 兆 can mean."""
    return InvalidInput(
        f"{text!r} can be read in two ways: 兆 is 10^12 in Japanese (兆ワット = 10^12 W) and 10^6 in the"
        " Chinese 兆瓦 (= MW); write MW, 兆瓦 or メガワット for 10^6 W, TW or テラワット for 10^12 W",
        quantity=text,
    )


def _refused_unit(text: str, unit: str) -> InvalidInput:
    if _MILLI.fullmatch(unit):
        big = "MWh" if unit[-1] in "hH" else "MW"
        return _refused(
            text, f"is in {unit}: the small m is milli, a thousandth", f"expected {big} if a million is meant"
        )
    if _APPARENT.fullmatch(unit):
        return _refused(text, f"is in {unit}, apparent or reactive power", "expected kW or kWh")
    known = "W, kW, MW, GW, TW, Wh to TWh, 瓦, 千瓦, 兆瓦, 吉瓦, 度, 瓦时, ワット, キロワット時"
    return _refused(text, f"has the unit {unit!r}", f"expected one of {known}, with 万 or 亿 before it")
