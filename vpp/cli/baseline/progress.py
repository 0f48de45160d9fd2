"""A bar while a long run goes on; nothing where nobody watches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as RemainingColumn

Report = Callable[[int, int], None]


@contextmanager
def counting(text: str, what: str) -> Iterator[Report]:
    """Show how much of a run is done, and how long the rest will take.

    It goes to stderr, so that output can be piped.

    Args:
        text: What is being done.
        what: What is counted, in the plural.

    Yields:
        A function to tell how many are done, and of how many.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _done, _total: None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(what, markup=False),
        TimeElapsedColumn(),
        RemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(text, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
