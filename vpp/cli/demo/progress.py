"""The demo's live display: what time it is there, who runs, how the events go."""

from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from vpp.cli.desk.event_tables import delivered_bar
from vpp.cli.output import delivery, last_part, power, state_name
from vpp.v1 import event_pb2

_KEPT_NOTES = 8


@dataclass
class Picture:
    """What the display shows.

    Attributes:
        now: The demo's time.
        processes: How many processes run, and of how many.
        sites: How many sites are ready, and of how many.
        reports: Newest report of each event.
        notes: What happened lately, newest last.
    """

    now: datetime
    processes: tuple[int, int] = (0, 0)
    sites: tuple[int, int] = (0, 0)
    reports: dict[str, event_pb2.WatchEventResponse] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Progress:
    """Draws the picture while the demo plays; prints plain lines where nobody watches."""

    def __init__(self, console: Console, picture: Picture) -> None:
        """Keep where to draw and what."""
        self._console = console
        self.picture = picture
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        """Begin to draw."""
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing and leave the terminal as it was."""
        self._live.stop()

    def note(self, text: str) -> None:
        """Say that something happened."""
        line = f"{self.picture.now:%a %H:%M}Z  {text}"
        if self._console.is_terminal:
            self.picture.notes = [*self.picture.notes, line][-_KEPT_NOTES:]
            self.draw()
        else:
            self._console.print(line, highlight=False)

    def draw(self) -> None:
        """Draw the picture as it is now."""
        if self._console.is_terminal:
            self._live.update(_layout(self.picture), refresh=True)


def _layout(picture: Picture) -> Group:
    running, processes = picture.processes
    ready, sites = picture.sites
    head = Text.assemble(
        (f"{picture.now:%a %Y-%m-%d %H:%M}Z", "bold"),
        f"   {running}/{processes} processes   {ready}/{sites} sites ready",
    )
    events = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("event", "delivery", "state", "delivered", "", "answers"):
        events.add_column(column)
    for name, report in sorted(picture.reports.items()):
        answers = " ".join(
            f"{count.instruction_count} {state_name(event_pb2.Instruction.State, count.state).lower()}"
            for count in report.instruction_counts
            if count.instruction_count
        )
        events.add_row(
            last_part(name),
            delivery(report.event.delivery_interval),
            state_name(event_pb2.Event.State, report.event.state),
            delivered_bar(report.present_delivered_kw, report.present_target_kw, width=20),
            f"{power(report.present_delivered_kw)} of {power(report.present_target_kw)}",
            answers,
        )
    return Group(head, events, *(Text(note, style="dim") for note in picture.notes))
