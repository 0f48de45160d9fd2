from dataclasses import fields

import pandas as pd

from vpp.baseline.scoring.day_ahead_row import DayAheadResult, DayAheadRow


def test_a_table_has_a_column_for_every_attribute_even_without_rows() -> None:
    table = DayAheadResult((), (), pd.DataFrame()).to_frame()
    assert list(table.columns) == [column.name for column in fields(DayAheadRow)]
    assert table.empty
