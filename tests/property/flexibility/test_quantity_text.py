"""What is written can be read, and nothing is read that was not written for sure."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from vpp.flexibility.quantity_text import UNITS, Dimension, parse_quantity
from vpp.foundation.errors import InvalidInput

SIGNS = "0123456789.,_ +-kKmMGTWwhVA兆万亿億千百十瓦时時度ワットキロメガギガ"
plain = st.decimals(0, 10_000_000, places=3)
units = st.sampled_from(sorted(UNITS))


@given(plain, units, st.sampled_from(["", " ", "  "]))
def test_every_unit_is_read_back_exactly(number: Decimal, unit: str, gap: str) -> None:
    dimension, per_unit = UNITS[unit]
    found = parse_quantity(f"{number:f}{gap}{unit}")
    assert (found.dimension, found.value) == (dimension, number * per_unit)


@given(st.integers(0, 10**12), st.sampled_from([" ", "_"]))
def test_grouped_thousands_are_the_plain_number(number: int, mark: str) -> None:
    grouped = f"{number:,}".replace(",", mark)
    assert parse_quantity(f"{grouped} kW") == parse_quantity(f"{number} kW")


@given(plain, units)
def test_full_width_is_the_same(number: Decimal, unit: str) -> None:
    wide = "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in f"{number:f}{unit}")
    assert parse_quantity(wide) == parse_quantity(f"{number:f}{unit}")


@given(st.text(SIGNS, max_size=16))
def test_any_text_is_read_or_refused_and_the_doubtful_signs_never_slip_through(text: str) -> None:
    try:
        found = parse_quantity(text)
    except InvalidInput as refusal:
        assert repr(text) in str(refusal)  # noqa: PT017  both outcomes are looked at
        return
    assert found.value.is_finite()
    if "兆" in text:
        unit = text[text.index("兆") :].replace(" ", "")
        assert unit in {"兆瓦", "兆瓦时", "兆瓦時"}
        assert found.dimension is (Dimension.POWER if unit == "兆瓦" else Dimension.ENERGY)
    assert "m" not in text
