"""What an answer to a bad message must never be."""

from collections.abc import Collection
from pathlib import Path

import grpc
from support.fuzz.fuzzed_hub import CONNECT, Answer

Code = grpc.StatusCode
NEVER = frozenset({Code.UNKNOWN, Code.INTERNAL, Code.DATA_LOSS, Code.UNIMPLEMENTED})
"""Codes that say that something broke, or that nothing was there to serve the call."""
RECORDS_OF_DENIAL = ("audit", "denial", "denied")
"""Begins of the names of tables that a refused call may write to: that it was refused is written down."""
OF_THE_HUB = frozenset({"outbox", "instructions"})
"""Tables in which the courier notes, in its own time, what it has sent."""
INSIDES = (
    b"Traceback",
    b"sqlalchemy",
    b"psycopg",
    b"sqlite3",
    str(Path(__file__).resolve().parents[3]).encode(),
    b"site-packages",
    b'.py"',
    b"object at 0x",
)
"""What no answer may hold."""


def faults_of(path: str, answer: Answer, logged: Collection[str]) -> list[str]:
    """Say what is wrong with an answer; nothing if nothing is.

    Args:
        path: The method.
        answer: What it came to.
        logged: What was logged as an error meanwhile.
    """
    faults = []
    if answer.hung:
        faults.append("did not end")
    if answer.escaped is not None:
        faults.append(f"raised past the interceptors: {answer.escaped!r}")
    if answer.code in NEVER and not logged:  # else the log says it better
        faults.append(f"answered {answer.code.name}: {answer.text}")
    if answer.code is not Code.OK and not answer.hung and path != CONNECT:
        changed = sorted(
            table for table in answer.written - OF_THE_HUB if not table.startswith(RECORDS_OF_DENIAL)
        )
        if changed:
            faults.append(f"refused with {answer.code.name} ({answer.text}) and changed {', '.join(changed)}")
    if answer.code is not Code.OK and not answer.reason and not answer.hung and answer.escaped is None:
        faults.append(f"refused with {answer.code.name} without an ErrorInfo: {answer.text}")
    shown = b"".join(answer.responses) + answer.trailing + answer.text.encode()
    faults += [f"shows {inside.decode()}" for inside in INSIDES if inside in shown]
    faults += [f"logged {record}" for record in logged]
    return faults
