"""Runs glpsol on a problem text and returns what it wrote and said."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vpp.solver.glpsol import Glpsol

_LONGEST_S = 1e6  # what the operating system can wait for


@dataclass(frozen=True, slots=True)
class GlpsolRun:
    """One run of glpsol.

    Attributes:
        solution: The solution file; empty if none was written.
        log: Everything that it printed.
        was_killed: Whether it overran its time.
    """

    solution: bytes
    log: str
    was_killed: bool


def run_glpsol(
    program: Glpsol,
    sections: Iterable[str],
    flags: Sequence[str],
    *,
    kill_after_s: float,
    basis: bytes | None = None,
) -> GlpsolRun:
    """Run glpsol; kill it, with whatever it started, when it overruns.

    Args:
        program: Which glpsol.
        sections: The problem in GLPK's own format, in pieces.
        flags: Options, without those that name files.
        kill_after_s: When it is killed, s.
        basis: Solution file of an earlier run whose basis it starts from; None to start afresh.

    Returns:
        What it wrote. A program that died or could not be started wrote nothing.
    """
    with tempfile.TemporaryDirectory(prefix="vpp-glpk-") as name:
        folder = Path(name)
        problem, solution = folder / "problem.glp", folder / "solution.txt"
        with problem.open("w", encoding="ascii") as file:
            file.writelines(sections)
        command = [str(program.executable), "--glp", str(problem), "--write", str(solution), *flags]
        if basis is not None:
            start = folder / "basis.txt"
            start.write_bytes(basis)
            command += ["--ini", str(start)]
        try:
            log, return_code, was_killed = _execute(command, program, kill_after_s)
        except OSError as error:
            return GlpsolRun(b"", str(error), was_killed=False)
        is_whole = return_code == 0 and not was_killed and solution.is_file()
        return GlpsolRun(solution.read_bytes() if is_whole else b"", log, was_killed)


def _execute(command: list[str], program: Glpsol, kill_after_s: float) -> tuple[str, int, bool]:
    with subprocess.Popen(  # noqa: S603  the program was found by find_glpsol
        command,
        env=program.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        was_killed = False
        try:
            output, _ = process.communicate(timeout=min(kill_after_s, _LONGEST_S))
        except BaseException as error:
            # Also when this process is told to stop: nothing may be left running.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            was_killed = True
            output, _ = process.communicate()
    return output.decode(errors="replace"), process.returncode, was_killed
