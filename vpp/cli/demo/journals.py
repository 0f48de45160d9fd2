"""What the sites' own journals say, read beside the agents and without their help."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vpp.cli.demo.checks import JournalFact
from vpp.v1 import session_pb2

_FINAL = frozenset({"REFUSED", "COMPLETED", "ABORTED"})


def journal_fact(site_id: str, path: Path) -> JournalFact:
    """Read one site's journal.

    Args:
        site_id: The site.
        path: The journal: one JSON object per line. A torn last line is left out.
    """
    held_before, sequences, instructions, final_states = 0, [], [], []
    for entry in _entries(path):
        match entry["kind"]:
            case "position":
                # Written by a restart, which drops what no longer matters but never its place.
                held_before = max(held_before, entry["held"])
            case "delivery":
                delivery = session_pb2.Delivery.FromString(base64.b64decode(entry["content"]))
                sequences.append(delivery.sequence)
                if delivery.WhichOneof("content") == "instruction":
                    instructions.append(delivery.instruction.name)
            case "status" if entry["state"] in _FINAL:
                final_states.append((entry["instruction"], entry["state"]))
            case _:
                pass
    return JournalFact(site_id, held_before, sequences, instructions, final_states)


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().rpartition(b"\n")[0].splitlines():
        entry = json.loads(line)
        yield from entry["entries"] if entry["kind"] == "together" else [entry]
