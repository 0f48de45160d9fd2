"""Until when a line of a statement may be disputed.

A line is open for the length of the dispute window from the version that changed it last; being shown for
the first time is a change. So everything on a first version may be disputed for that long, and later only
lines that a later version changed. Time in which the other party's objection held a line does not run out.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from vpp.foundation.errors import WrongState
from vpp.settlement.disputed_lines import DisputedLine, LineKey, disputed_lines
from vpp.workflows.ports import Stored
from vpp.workflows.records import StatementRecord

NAMED_LINES = 5
"""How many lines an error names."""


@dataclass(frozen=True, slots=True)
class History:
    """A statement's versions.

    Attributes:
        versions: All of them, oldest first; their files are not looked at.
        contents: Returns the file of a version by its id.
    """

    versions: Sequence[Stored[StatementRecord]]
    contents: Callable[[str], bytes]

    def among(self, record: StatementRecord, keys: Mapping[LineKey, object]) -> list[DisputedLine]:
        """Return those lines of a version that settle one of these."""
        return list(disputed_lines(self.contents(record.statement_id), keys=keys.keys()))


def check_unchanged_since(
    history: History, disputed: StatementRecord, lines: Mapping[LineKey, DisputedLine]
) -> None:
    """Refuse an objection to lines that a later version has changed since: it is that version's to defend.

    Args:
        history: The statement's versions.
        disputed: The version objected to.
        lines: The lines objected to, by what they settle.

    Raises:
        WrongState: A later version changed one of them.
    """
    for stored in reversed(history.versions):
        later = stored.value
        if later.version <= disputed.version:
            return
        changed = [line for line in history.among(later, lines) if line.delta]
        if changed:
            was, now = lines[changed[0].key].line_no, changed[0].line_no
            raise WrongState(
                f"line {was} was changed by statements/{later.statement_id}, where it is line {now}: object "
                "to that version",
                statement=later.statement_id,
                line_number=str(now),
            )


def check_window(  # noqa: PLR0913  what is disputed, and what its time depends on
    history: History,
    disputed: StatementRecord,
    lines: Mapping[LineKey, DisputedLine],
    *,
    deadline_of: Callable[[datetime], datetime],
    held: Callable[[Mapping[LineKey, DisputedLine]], Collection[LineKey]],
    now: datetime,
) -> None:
    """Refuse an objection to lines whose time is over.

    Args:
        history: The statement's versions.
        disputed: The version objected to.
        lines: The lines objected to, by what they settle.
        deadline_of: Says from which instant on what was written at an instant stands.
        held: Says which of some lines nobody could dispute until lately, as the other party had done so.
        now: The present.

    Raises:
        WrongState: One of the lines was changed last by a version whose window is over.
    """
    closed = dict(lines)
    until = [stored for stored in history.versions if stored.value.version <= disputed.version]
    for place in range(len(until) - 1, -1, -1):
        if now >= deadline_of(until[place].created_at):
            break  # versions are written one after the other: those before are over as well
        for key in _changed_in(history, until[: place + 1], disputed, closed):
            del closed[key]
        if not closed:
            return
    for key in held(closed):
        closed.pop(key, None)
    if not closed:
        return
    numbers = sorted(line.line_no for line in closed.values())
    named = ", ".join(map(str, numbers[:NAMED_LINES])) + (", ..." if len(numbers) > NAMED_LINES else "")
    end = deadline_of(history.versions[0].created_at)
    rest = len(lines) - len(closed)
    raise WrongState(
        f"{len(closed)} of the lines ({named}) can no longer be disputed: the window of the first version "
        f"ended at {end.isoformat()}, and no version whose window is open changed them"
        + (f"; {rest} others may be" if rest else ""),
        line_number=str(numbers[0]),
        until=end.isoformat(),
    )


def _changed_in(
    history: History,
    versions: Sequence[Stored[StatementRecord]],
    disputed: StatementRecord,
    keys: Mapping[LineKey, DisputedLine],
) -> set[LineKey]:
    """Return which lines the last of some versions changed or was the first to show."""
    if len(versions) == 1:
        return set(keys)
    *_, before, last = versions
    shown = list(keys.values()) if last.value.version == disputed.version else history.among(last.value, keys)
    changed = {line.key for line in shown if line.delta}
    still = {line.key: line for line in shown if line.key not in changed}
    if still:
        changed |= still.keys() - {line.key for line in history.among(before.value, still)}
    return changed
