"""The trial's side of the fork server."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vpp.foundation.clock import stopwatch_s

TESTS = Path(__file__).resolve().parents[2]
_START_S = 90.0


@dataclass
class ForkServer:
    """Starts processes of trials and hears of their deaths."""

    process: subprocess.Popen[bytes]
    _pending: bytes = b""
    _ended: dict[int, int] = field(default_factory=dict)
    _answers: list[dict[str, Any]] = field(default_factory=list)

    def start(self, order: dict[str, Any]) -> int:
        """Start a process and return its number."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        self.process.stdin.flush()
        return int(self._answer("started", 30.0)["started"])

    def ended(self, process: int) -> int | None:
        """Return the signal that ended a process (0 if none did); None while it lives."""
        self._hear(0.0)
        return self._ended.get(process)

    def wait_ready(self) -> None:
        """Wait until everything is imported."""
        self._answer("ready", _START_S)

    def _answer(self, kind: str, patience_s: float) -> dict[str, Any]:
        begun_s = stopwatch_s()
        while True:
            for number, answer in enumerate(self._answers):
                if kind in answer:
                    return self._answers.pop(number)
            if stopwatch_s() - begun_s > patience_s or self.process.poll() is not None:
                raise AssertionError(f"the fork server does not answer: {self.process.poll()}")
            self._hear(0.1)

    def _hear(self, patience_s: float) -> None:
        assert self.process.stdout is not None
        number = self.process.stdout.fileno()
        while select.select([number], [], [], patience_s)[0]:
            content = os.read(number, 65536)
            if not content:
                return
            *lines, self._pending = (self._pending + content).split(b"\n")
            for line in lines:
                said = json.loads(line)
                if "ended" in said:
                    self._ended[said["ended"]] = said["signal"]
                else:
                    self._answers.append(said)
            patience_s = 0.0


@contextmanager
def fork_server() -> Iterator[ForkServer]:
    """Run a fork server; everything that it started ends with it."""
    root = TESTS.parent
    environment = {
        **os.environ,
        "PYTHONPATH": f"{TESTS}{os.pathsep}{root}",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "support.kill.fork_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=root,
        env=environment,
    )
    server = ForkServer(process)
    try:
        server.wait_ready()
        yield server
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()
