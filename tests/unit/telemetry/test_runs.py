import numpy as np

from vpp.telemetry.runs import Run, runs


def test_nothing_has_no_runs() -> None:
    assert runs(np.array([], dtype=np.bool_)) == []
    assert runs(np.zeros(3, dtype=np.bool_)) == []


def test_runs_reach_the_ends() -> None:
    found = runs(np.array([True, False, True, True]))
    assert found == [Run(0, 1), Run(2, 4)]
    assert [run.length for run in found] == [1, 2]
