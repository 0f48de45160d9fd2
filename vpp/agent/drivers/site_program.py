"""Programs of the site that a driver runs: without a shell, for a limited time, JSON on standard input.

A program that does not end in time is killed with everything it has started: what is left over could carry
a command out after a later one. What it says is read while it runs and no longer than it may be.
"""

import json
import logging
import os
import selectors
import signal
import subprocess
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field

from vpp.foundation.clock import stopwatch_s
from vpp.foundation.device_terms import DeviceError
from vpp.foundation.errors import InvalidInput

LONGEST_ANSWER = 1_000_000
"""Bytes of an answer that are read; more is no answer."""
LONGEST_ORDER = 60_000
"""Bytes of an order: less than a pipe holds, so that handing it over never waits for the program."""
CHUNK = 65_536
Command = Annotated[tuple[str, ...], Field(min_length=1)]
"""A program and its arguments."""
log = logging.getLogger(__name__)


def run_program(  # noqa: PLR0913  each says another thing about one run
    command: Sequence[str],
    order: Mapping[str, object] | None,
    *,
    folder: Path,
    timeout: timedelta,
    whose: str,
    longest: int = LONGEST_ANSWER,
) -> tuple[int, str]:
    """Run a program in the configuration's folder; what it says on standard error goes to the log only.

    Args:
        command: The program and its arguments.
        order: What it gets on its standard input, as JSON; None for nothing.
        folder: Where it runs.
        timeout: After this it is killed, in the machine's time.
        whose: For which resource, for the log.
        longest: Bytes of its answer that are read.

    Returns:
        Its exit code, and its standard output.

    Raises:
        DeviceError: It cannot be started, does not end in time, or answers too much.
    """
    said = b"" if order is None else json.dumps(dict(order)).encode()
    if len(said) > LONGEST_ORDER:
        raise DeviceError(f"an order of {len(said)} bytes is too long for a program")
    deadline_s = stopwatch_s() + timeout.total_seconds()
    try:
        process = subprocess.Popen(  # noqa: S603  the site's own program, from its own configuration, no shell
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            start_new_session=True,
        )
    except OSError as error:
        raise DeviceError(f"the program cannot be started: {error.strerror}") from error
    with process:
        try:
            answer, complaint = _talked(process, said, deadline_s, longest)
            code = process.wait(max(0.0, deadline_s - stopwatch_s()))
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            _kill(process)
            raise DeviceError(f"the program did not end within {timeout}") from error
        except BaseException:
            _kill(process)
            raise
    if complaint:
        text = complaint[:2000].decode("utf-8", "replace").rstrip()
        log.info("%s: %s says: %s", whose, command[0], text)
    return code, answer.decode("utf-8", "replace")


def _talked(
    process: "subprocess.Popen[bytes]", order: bytes, deadline_s: float, longest: int
) -> tuple[bytes, bytes]:
    """Hand over the order, and read answer and complaint to their ends.

    Raises:
        TimeoutError: They do not end in time.
        DeviceError: The answer is too long.
    """
    stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
    if stdin is None or stdout is None or stderr is None:
        raise DeviceError("the program has no pipes")
    try:
        stdin.write(order)
        stdin.close()
    except OSError:
        log.debug("%s did not read its order", process.args)  # it may well not need one
    found = {stdout.fileno(): bytearray(), stderr.fileno(): bytearray()}
    with selectors.DefaultSelector() as selector:
        for number in found:
            selector.register(number, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline_s - stopwatch_s()))
            if not ready or stopwatch_s() >= deadline_s:  # silent, or talking on and on
                raise TimeoutError
            for key, _ in ready:
                chunk = os.read(key.fd, CHUNK)
                if not chunk:
                    selector.unregister(key.fd)
                if len(found[key.fd]) <= longest:
                    found[key.fd] += chunk
            if len(found[stdout.fileno()]) > longest:
                raise DeviceError("the program's answer is too long")
    return bytes(found[stdout.fileno()]), bytes(found[stderr.fileno()])


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill a program with everything it has started, also where it has ended and its children have not."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        process.kill()


def check_programs(folder: Path, commands: Mapping[str, Sequence[str] | None]) -> None:
    """Refuse programs named by a path that are not there.

    Args:
        folder: Relative paths start there.
        commands: The programs by their dotted path in the configuration; None for none.

    Raises:
        InvalidInput: One is not there.
    """
    for name, command in commands.items():
        path = None if command is None or "/" not in command[0] else folder / Path(command[0])
        if path is not None and not path.is_file():
            raise InvalidInput(f"{name}: {path} is no file", file=str(path))
