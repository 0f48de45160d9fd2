"""Where people at the site leave orders for the agent: files in a private folder, no open port.

An order is a file that appears whole. The agent writes what it makes of it into its journal, then an
answer beside it, then takes the file away: killed in between, it finds the order again and its id in
the journal, so that the order has its effect once.
"""

import json
import logging
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vpp.agent.durable_file import PRIVATE_FOLDER, sync_folder, write_whole
from vpp.agent.local_order import LocalOrder, order_of
from vpp.foundation.errors import InvalidInput, NotPermitted

LARGEST_ORDER = 4096
"""Bytes; a longer file is no order."""
MOST_ANSWERS = 100
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """One file of the folder.

    Attributes:
        path: The file.
        order: What it says; None if it is no order that may be followed.
        problem: Why not; empty if it is one.
    """

    path: Path
    order: LocalOrder | None
    problem: str = ""


class OrderFolder:
    """The folder of one agent."""

    def __init__(self, journal_file: Path) -> None:
        """Name the folder beside a journal; nothing is made yet."""
        self.path = journal_file.with_name(journal_file.name + ".orders")
        self._answers = self.path / "answers"

    def prepare(self) -> None:
        """Make the folder, for its owner alone.

        Raises:
            OSError: It cannot be made.
        """
        self.path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        self._answers.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)

    def leave(self, order: LocalOrder) -> None:
        """Leave an order for the agent; on return it survives a power cut.

        Raises:
            NotPermitted: Others than its owner may write into the folder, or the caller may not.
            OSError: It could not be written.
        """
        try:
            self.prepare()
            check_private(self.path, is_folder=True)
            content = json.dumps(order.document(), indent=2).encode() + b"\n"
            write_whole(self.path / f"{order.order_id}.json", content)
        except PermissionError as error:
            raise NotPermitted(
                f"{self.path} takes no order from this user: {error.strerror}", folder=str(self.path)
            ) from error

    def answer_to(self, order_id: str) -> dict[str, Any] | None:
        """Return what the agent made of an order; None if it has not been answered."""
        try:
            found = json.loads((self._answers / f"{order_id}.json").read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def withdraw(self, order_id: str) -> bool:
        """Take back an order that has not been taken up; tell whether there was one."""
        try:
            (self.path / f"{order_id}.json").unlink()
        except FileNotFoundError:
            return False
        return True

    def found(self) -> Iterator[Found]:
        """List what lies in the folder, oldest names first."""
        try:
            names = sorted(entry.name for entry in os.scandir(self.path) if entry.name.endswith(".json"))
        except FileNotFoundError:
            return
        except OSError as error:
            log.warning("orders in %s cannot be read: %s", self.path, error)
            return
        for name in names:
            if not name.startswith("."):
                yield self._read(self.path / name)

    def _read(self, path: Path) -> Found:
        try:
            check_private(self.path, is_folder=True)
            check_private(path, is_folder=False)
            with path.open("rb") as file:
                content = file.read(LARGEST_ORDER + 1)
            if len(content) > LARGEST_ORDER:
                return Found(path, None, f"is longer than {LARGEST_ORDER} bytes")
            document = json.loads(content)
            if not isinstance(document, dict):
                return Found(path, None, "is no JSON object")
            order = order_of(document)
        except (InvalidInput, NotPermitted, OSError, ValueError) as error:
            return Found(path, None, str(error))
        if path.stem != order.order_id:
            return Found(path, None, f"holds the order {order.order_id}")
        return Found(path, order)

    def done(self, found: Found, answer: dict[str, Any]) -> None:
        """Answer an order, and take its file away; one that could not be followed is set aside.

        Raises:
            OSError: It could not be; the order is found again.
        """
        self.prepare()
        answered = self._answers / f"{found.path.stem}.json"
        write_whole(answered, json.dumps(answer, indent=2).encode() + b"\n", durable=False)
        if found.order is None:
            found.path.replace(found.path.with_suffix(".refused"))
        else:
            found.path.unlink(missing_ok=True)
        sync_folder(self.path)
        self._forget_old_answers()

    def _forget_old_answers(self) -> None:
        answers = sorted(self._answers.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for path in answers[: max(0, len(answers) - MOST_ANSWERS)]:
            path.unlink(missing_ok=True)


def check_private(path: Path, *, is_folder: bool) -> None:
    """Refuse what others than the agent's own user, or root, could have written.

    Raises:
        NotPermitted: It belongs to somebody else, others may write it, or it is a link.
        OSError: It cannot be looked at.
    """
    found = path.lstat()
    is_right_kind = stat.S_ISDIR(found.st_mode) if is_folder else stat.S_ISREG(found.st_mode)
    if not is_right_kind:
        expected = "a folder" if is_folder else "a regular file"
        raise NotPermitted(f"{path} is not {expected}", path=str(path))
    if found.st_uid not in {os.geteuid(), 0}:
        raise NotPermitted(f"{path} belongs to user {found.st_uid}, not to the agent's", path=str(path))
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise NotPermitted(
            f"{path} has mode {stat.S_IMODE(found.st_mode):o}, expected none but its owner to write it",
            path=str(path),
        )
