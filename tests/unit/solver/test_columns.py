"""Columns, rows and entries come together as one program."""

import numpy as np

from vpp.solver.columns import Columns


def test_entries_of_one_place_add_up_and_single_numbers_are_repeated() -> None:
    columns = Columns()
    added = columns.add_columns(2, low=0.0, high=[1.0, 2.0], cost=3.0)
    rows = columns.add_rows(1, low=-np.inf, high=4.0)
    columns.add_entries(np.repeat(rows, 2), added, [1.0, 5.0])
    columns.add_entries(rows, added[:1], 2.0)
    program = columns.program()
    assert program.cost.tolist() == [3.0, 3.0]
    assert program.column_high.tolist() == [1.0, 2.0]
    assert program.times(np.array([1.0, 1.0])).tolist() == [8.0]


def test_nothing_is_a_program_without_columns() -> None:
    assert Columns().program().column_count == 0


def test_a_program_is_taken_up_whole() -> None:
    columns = Columns()
    added = columns.add_columns(2, low=0.0, high=1.0, cost=[1.0, 2.0])
    columns.add_entries(columns.add_rows(2, low=0.0, high=1.0), added, [3.0, 4.0])
    again = Columns.of(columns.program()).program()
    assert again.times(np.array([1.0, 1.0])).tolist() == [3.0, 4.0]
    assert again.cost.tolist() == [1.0, 2.0]
