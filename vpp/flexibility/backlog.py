"""Work put off, each piece with the time it has left to be done.

Work is counted in GPU hours at full speed. It is caught up on free GPUs, most urgent piece first;
what has missed its time waits until nothing else is urgent.
"""

from dataclasses import dataclass
from datetime import timedelta

from vpp.flexibility.bounds import check_within, hours_of

ROUNDING_GPU_H = 1e-9
"""Work below this is rounding of binary fractions."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Work put off at one time.

    Attributes:
        remaining: Time left in which it must be done, above zero.
        gpu_h: Work, GPU hours at full speed, above 0.
    """

    remaining: timedelta
    gpu_h: float


@dataclass(frozen=True, slots=True)
class Backlog:
    """All work put off and not yet done.

    Attributes:
        pieces: Work still in time, most urgent first.
        overdue_gpu_h: Work that missed its time and is not yet done, GPU hours.
        late_gpu_h: All work that ever missed its time, done or not, GPU hours.
    """

    pieces: tuple[Piece, ...] = ()
    overdue_gpu_h: float = 0.0
    late_gpu_h: float = 0.0

    @classmethod
    def of_one(cls, due_in: timedelta, gpu_h: float) -> "Backlog":
        """Return a backlog of work that is all due at one time; overdue if that time has passed.

        Example:
            >>> Backlog.of_one(timedelta(0), 5.0).overdue_gpu_h
            5.0
        """
        if due_in > timedelta(0):
            return cls((Piece(due_in, gpu_h),)) if gpu_h > 0.0 else cls()
        return cls(overdue_gpu_h=gpu_h, late_gpu_h=gpu_h)

    @property
    def total_gpu_h(self) -> float:
        """Work not yet done, GPU hours."""
        return self.in_time_gpu_h + self.overdue_gpu_h

    @property
    def in_time_gpu_h(self) -> float:
        """Work that can still be done in time, GPU hours."""
        return sum(piece.gpu_h for piece in self.pieces)


def unavoidable_gpu_h(backlog: Backlog, free_gpus: float, after: timedelta) -> float:
    """Return the work that will miss its time even if catching up begins after a delay.

    Args:
        backlog: The work put off.
        free_gpus: GPUs that will catch up, 0 or more.
        after: Delay before they begin.

    Returns:
        Work, GPU hours. By the rule for one machine and deadlines: what is due by each
        deadline, less what can be done until then, at its worst.

    Example:
        >>> pieces = (Piece(timedelta(hours=2), 10.0), Piece(timedelta(hours=4), 10.0))
        >>> unavoidable_gpu_h(Backlog(pieces), 5.0, timedelta(0))
        0.0
        >>> unavoidable_gpu_h(Backlog(pieces), 5.0, timedelta(hours=1))
        5.0
    """
    worst_gpu_h = due_gpu_h = 0.0
    for piece in backlog.pieces:
        due_gpu_h += piece.gpu_h
        span_s = max(0.0, (piece.remaining - after).total_seconds())
        worst_gpu_h = max(worst_gpu_h, due_gpu_h - free_gpus * span_s / 3600.0)
    return worst_gpu_h


def worked_off(backlog: Backlog, gpu_h: float) -> Backlog:
    """Return a backlog less some work done, most urgent first, what is overdue last.

    Args:
        backlog: The work put off.
        gpu_h: Work done, GPU hours, 0 to all of it.

    Example:
        >>> pieces = (Piece(timedelta(hours=2), 10.0), Piece(timedelta(hours=4), 10.0))
        >>> worked_off(Backlog(pieces), 12.0).pieces
        (Piece(remaining=datetime.timedelta(seconds=14400), gpu_h=8.0),)
    """
    check_within(gpu_h, "gpu_h", 0.0, backlog.total_gpu_h + ROUNDING_GPU_H)
    pieces: list[Piece] = []
    for piece in backlog.pieces:
        done_gpu_h = min(gpu_h, piece.gpu_h)
        gpu_h -= done_gpu_h
        if piece.gpu_h - done_gpu_h > ROUNDING_GPU_H:
            pieces.append(Piece(piece.remaining, piece.gpu_h - done_gpu_h))
    overdue_gpu_h = max(0.0, backlog.overdue_gpu_h - gpu_h)
    return Backlog(tuple(pieces), overdue_gpu_h, backlog.late_gpu_h)


def put_off(backlog: Backlog, gpu_h: float, within: timedelta, step: timedelta) -> Backlog:
    """Let a step pass without catching up, and add the work it put off.

    Args:
        backlog: At the start of the step.
        gpu_h: Work put off during the step, GPU hours, 0 or more.
        within: Time it has from the end of the step on, above zero; no earlier piece has more.
        step: Length of the step.

    Returns:
        The backlog at the end of the step.
    """
    check_within(gpu_h, "gpu_h")
    aged, _ = catch_up(backlog, 0.0, step)
    if gpu_h <= 0.0:
        return aged
    hours_of(within, "within")
    return Backlog((*aged.pieces, Piece(within, gpu_h)), aged.overdue_gpu_h, aged.late_gpu_h)


def catch_up(backlog: Backlog, free_gpus: float, step: timedelta) -> tuple[Backlog, float]:
    """Work on the backlog for a step.

    Args:
        backlog: At the start of the step.
        free_gpus: GPUs that work on it at full speed, 0 or more.
        step: Length of the step.

    Returns:
        The backlog at the end of the step and the work done, GPU hours. Both together are the
        backlog at the start.

    Example:
        >>> left, done = catch_up(Backlog((Piece(timedelta(hours=2), 10.0),)), 4.0, timedelta(hours=1))
        >>> left.total_gpu_h, done
        (6.0, 4.0)
    """
    check_within(free_gpus, "free_gpus")
    step_hours = hours_of(step)
    done_gpu_h = overdue_gpu_h = 0.0
    pieces: list[Piece] = []
    for piece in backlog.pieces:
        span_hours = min(step_hours, hours_of(piece.remaining, "remaining"))
        in_time_gpu_h = min(piece.gpu_h, max(0.0, free_gpus * span_hours - done_gpu_h))
        left_gpu_h = piece.gpu_h - in_time_gpu_h
        if left_gpu_h <= ROUNDING_GPU_H and in_time_gpu_h > 0.0:
            done_gpu_h += piece.gpu_h
        elif piece.remaining > step:
            done_gpu_h += in_time_gpu_h
            pieces.append(Piece(piece.remaining - step, left_gpu_h))
        else:
            done_gpu_h += in_time_gpu_h
            overdue_gpu_h += left_gpu_h
    waiting_gpu_h = backlog.overdue_gpu_h + overdue_gpu_h
    late_done_gpu_h = min(waiting_gpu_h, max(0.0, free_gpus * step_hours - done_gpu_h))
    left = Backlog(tuple(pieces), waiting_gpu_h - late_done_gpu_h, backlog.late_gpu_h + overdue_gpu_h)
    return left, done_gpu_h + late_done_gpu_h
