import pytest

from vpp.foundation.errors import InvalidInput
from vpp.settlement.evidence_fields import Fields


def test_each_field_is_taken_once() -> None:
    fields = Fields("box", {"name": "a", "sizes": [1.5, None]})
    assert fields.text("name") == "a"
    assert fields.has_items("sizes")
    assert str(fields.powers("sizes", 2)) == "(1.5, nan)"
    assert not fields.has_items("sizes")
    fields.finish()
    with pytest.raises(InvalidInput, match="box has no name"):
        fields.text("name")


def test_a_part_that_is_null_is_none() -> None:
    assert Fields("box", {"lid": None}).part("lid") is None


def test_a_long_value_is_cut_in_the_error() -> None:
    with pytest.raises(InvalidInput, match=r"box\.name is \[0, 1.{50,80}\.\.\., expected str"):
        Fields("box", {"name": list(range(100))}).text("name")
