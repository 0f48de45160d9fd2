import pytest

from vpp.foundation.errors import InvalidInput
from vpp.settlement.csv_table import table_bytes, table_rows


def test_every_cell_is_quoted_and_comes_back() -> None:
    rows = [["a", 'b "c"', "d,e"], ["", "line\r\nbreak", "北京"]]
    content = table_bytes(["x", "y", "z"], rows)
    assert content.decode().startswith('"x","y","z"\r\n"a","b ""c""","d,e"\r\n')
    assert table_rows(content) == [["x", "y", "z"], *rows]


@pytest.mark.parametrize("content", [b"\xff", b'"a', b'"a"b'])
def test_what_is_no_csv_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="file is not UTF-8 CSV"):
        table_rows(content)


def test_nothing_has_no_rows() -> None:
    assert table_rows(b"") == []
