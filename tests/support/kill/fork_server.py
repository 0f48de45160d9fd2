"""Starts hubs and agents in a tenth of a second: everything is imported once, then forked.

Reads orders as JSON lines, answers each with the process's number, and reports every death.
"""

import json
import logging
import os
import select
import signal
from pathlib import Path
from typing import Any

from support.kill.agent_role import run_agents
from support.kill.hub_role import Warm, run_hub, warm
from support.kill.points import KillPoints, SharedTime

_WAIT_S = 0.01
log = logging.getLogger(__name__)


def main() -> None:
    """Serve orders until the input ends."""
    made = warm()
    _say({"ready": True})
    children: set[int] = set()
    pending = b""
    while True:
        readable, _, _ = select.select([0], [], [], _WAIT_S)
        if readable:
            content = os.read(0, 65536)
            if not content:
                break
            *lines, pending = (pending + content).split(b"\n")
            for line in lines:
                child = _fork(json.loads(line), made)
                children.add(child)
                _say({"started": child})
        for child in sorted(children):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                children.discard(child)
                _say(
                    {
                        "ended": child,
                        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
                        "code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0,
                    }
                )
    for child in children:
        os.kill(child, signal.SIGKILL)


def _say(what: dict[str, Any]) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def _fork(order: dict[str, Any], made: Warm) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
        shared = SharedTime(Path(order["shared"]))
        points = KillPoints(
            shared,
            Path(order["notes"]),
            kill_at=order["kill_at"],
            kill_label=order["kill_label"],
            defect=order["defect"],
        )
        if order["role"] == "hub":
            run_hub(order, points, shared, made)
        else:
            run_agents(order, points, shared)
        points.ended()
        code = 0
    except BaseException:
        log.exception("a process of the trial failed")
    finally:
        logging.shutdown()
        os._exit(code)


if __name__ == "__main__":
    main()
