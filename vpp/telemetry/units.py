"""Units of power and energy as people write them."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from vpp.foundation.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class MeterUnit:
    """A unit of power or of energy.

    Attributes:
        factor: How many kW or kWh one of it is.
        is_energy: Whether it counts energy.
    """

    factor: float
    is_energy: bool


# Case tells mW from MW, but no power meter of a site shows milliwatts: only the letters count.
_LATIN_PREFIX: Mapping[str, float] = MappingProxyType({"": 1e-3, "k": 1.0, "m": 1e3, "g": 1e6})
# 万 is ten thousand, 亿 a hundred million; 度 is the everyday word for a kilowatt-hour.
_CHINESE_COUNT: Mapping[str, float] = MappingProxyType({"": 1.0, "千": 1e3, "万": 1e4, "亿": 1e8})
_CHINESE_POWER: Mapping[str, float] = MappingProxyType({"瓦": 1e-3, "千瓦": 1.0, "兆瓦": 1e3, "吉瓦": 1e6})
_SPELLED: Mapping[str, str] = MappingProxyType(
    {"kilo": "k", "mega": "m", "giga": "g", "watts": "w", "watt": "w", "hours": "h", "hour": "h", "hr": "h"}
)
_LATIN = re.compile(r"(?P<prefix>[kmg]?)w(?P<hour>h?)")
_CHINESE = re.compile(
    r"(?P<count>[万亿]?)"
    r"(?:(?P<power>千瓦|兆瓦|吉瓦|瓦|[kmg]?w)(?P<hour>小时|时|h)?|(?P<thousand>千?)(?P<degree>度))"
)


def meter_unit(text: str) -> MeterUnit:
    """Read a unit.

    Args:
        text: Such as "kW", "MWh", "Wh", "kilowatt-hours", "千瓦", "兆瓦时", "万千瓦", "万千瓦时", "度". Case,
            spaces, dots and hyphens do not matter.

    Raises:
        InvalidInput: The unit is none of these.

    Example:
        >>> meter_unit("万千瓦时")
        MeterUnit(factor=10000.0, is_energy=True)
        >>> meter_unit("MW").factor
        1000.0
    """
    plain = re.sub(r"[\s.·*_\-⋅]+", "", unicodedata.normalize("NFKC", text)).lower()
    plain = plain.replace("萬", "万").replace("億", "亿").replace("時", "时").replace("瓩", "千瓦")
    for word, short in _SPELLED.items():
        plain = plain.replace(word, short)
    if found := _LATIN.fullmatch(plain):
        return MeterUnit(_LATIN_PREFIX[found["prefix"]], bool(found["hour"]))
    if found := _CHINESE.fullmatch(plain):
        count = _CHINESE_COUNT[found["count"]]
        if found["degree"]:
            return MeterUnit(count * _CHINESE_COUNT[found["thousand"]], is_energy=True)
        power = _CHINESE_POWER.get(found["power"])
        factor = _LATIN_PREFIX[found["power"][:-1]] if power is None else power
        return MeterUnit(count * factor, bool(found["hour"]))
    raise InvalidInput(
        f"unit is {text!r}, expected one of power or energy such as kW, MW, kWh, MWh, 万千瓦, 万千瓦时",
        unit=text,
    )
