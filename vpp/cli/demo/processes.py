"""The demo's processes: started, watched, killed, started again, stopped."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vpp.foundation.clock import pause, stopwatch_s
from vpp.foundation.errors import BrokenPromise

_STOP_PATIENCE_S = 10.0
_POLL_S = 0.05


@dataclass
class ProgramRun:
    """One program of the demo, running or not.

    Attributes:
        label: Name for people.
        arguments: What follows `vpp` on its command line.
        log: Where its output goes, appended.
    """

    label: str
    arguments: Sequence[str]
    log: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start the program."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  arguments of our own
                [sys.executable, "-m", "vpp.cli.main", *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=program_environment(os.environ),
                start_new_session=True,  # Ctrl-C reaches the demo, which stops its programs in order
            )

    @property
    def is_running(self) -> bool:
        """Whether the program runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How the program ended; None while it runs or before its start."""
        return None if self._process is None else self._process.poll()

    def kill(self) -> None:
        """End the program at once, without a chance to tidy up."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def ask_to_stop(self) -> None:
        """Ask the program to end."""
        if self._process is not None and self.is_running:
            self._process.send_signal(signal.SIGTERM)


def program_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the demo's programs.

    The hub refuses `VPP_` variables that are not its own, and numerical libraries that each take all
    cores slow a dozen processes on two of them down twentyfold.

    Example:
        >>> program_environment({"HOME": "/", "VPP_HUB": "hub:1"})["HOME"]
        '/'
    """
    kept = {name: value for name, value in environment.items() if not name.startswith("VPP_")}
    return kept | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


async def stop_all(programs: Sequence[ProgramRun]) -> list[str]:
    """Stop programs, patiently, then without mercy.

    Returns:
        Labels of those that had to be killed.
    """
    for program in programs:
        program.ask_to_stop()
    deadline = stopwatch_s() + _STOP_PATIENCE_S
    while any(program.is_running for program in programs) and stopwatch_s() < deadline:
        await pause(_POLL_S)
    stubborn = [program for program in programs if program.is_running]
    for program in stubborn:
        program.kill()
    return [program.label for program in stubborn]


def check_running(programs: Sequence[ProgramRun]) -> None:
    """Refuse to go on when a program has ended by itself.

    Raises:
        BrokenPromise: One has; the message names its log.
    """
    for program in programs:
        if program.exit_code is not None:
            raise BrokenPromise(
                f"{program.label} ended with exit code {program.exit_code}; see {program.log}",
                log=str(program.log),
            )


async def wait_for_file(path: Path, program: ProgramRun, patience_s: float) -> str:
    """Wait until a program has written a file, and return its text.

    Raises:
        BrokenPromise: The program ended, or took too long.
    """
    deadline = stopwatch_s() + patience_s
    while not (text := _text_of(path)):
        check_running([program])
        if stopwatch_s() > deadline:
            raise BrokenPromise(f"{program.label} was not ready after {patience_s:g} s; see {program.log}")
        await pause(_POLL_S)
    return text


def _text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""
