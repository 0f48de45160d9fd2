r"""What stopping a group of jobs and starting it again costs in work.

With s the time since the last checkpoint when the command comes, S the interval between checkpoints,
v the time to save, n the notice before the reduction is due, R the time to restore and warm up:

    wait = S - s + v            if that is at most n, else 0     (pause at the next checkpoint)
    lost = R                    if it waits, else s + R
    worst = lost + F            where a restart may fail, F the time to mend it

and the expected loss is lost + p F with p the probability that a restart fails. Deadlines are held
against the worst, prices made with the expected loss.

Source:
    Lost work per pause is at most the time since the last checkpoint, saving, restoring and warming up;
    pause at the next checkpoint if it fits the notice: flexibility models, section 6.3, design of this
    project. A failed restart is an outcome to reckon with: one vendor's training failed and stayed undone.
"""

from dataclasses import dataclass
from datetime import timedelta

from vpp.flexibility.bounds import check_within, hours_of
from vpp.flexibility.knob import RESPONSE_TIME, Knob


@dataclass(frozen=True, slots=True)
class PauseRules:
    """How a group of jobs may be paused, as agreed with its owners.

    Attributes:
        checkpoint_interval: How often the jobs save their progress.
        restart_time: From the command to resume until work goes on: restore and warm-up. Resuming
            took 3 to 4 min for pretraining and 2 to 3 min for inference in the Phoenix trial of
            May 2025 (Fig345_data.xlsx).
        save_time: Time to save a checkpoint.
        response_time: From command to the power drop; without a checkpoint to wait for.
        shortest: Shortest pause: what is paused stays so, since a restart costs work.
        restart_failure_ratio: How often a restart fails, 0 to below 1.
        mend_time: Until the group works again after a failed restart.
    """

    checkpoint_interval: timedelta
    restart_time: timedelta
    save_time: timedelta = timedelta(0)
    response_time: timedelta = RESPONSE_TIME[Knob.PAUSE]
    shortest: timedelta = timedelta(0)
    restart_failure_ratio: float = 0.0
    mend_time: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        hours_of(self.checkpoint_interval, "checkpoint_interval")
        for name in ("restart_time", "save_time", "response_time", "shortest", "mend_time"):
            check_within(getattr(self, name).total_seconds(), name)
        check_within(self.restart_failure_ratio, "restart_failure_ratio", 0.0, 0.99)

    def wait(self, since_checkpoint: timedelta, notice: timedelta) -> timedelta:
        """Return how long to wait for the next checkpoint; zero if it does not fit the notice.

        Example:
            >>> rules = PauseRules(timedelta(hours=1), timedelta(minutes=4))
            >>> rules.wait(timedelta(minutes=50), notice=timedelta(minutes=15))
            datetime.timedelta(seconds=600)
            >>> rules.wait(timedelta(minutes=20), notice=timedelta(minutes=15))
            datetime.timedelta(0)
        """
        until_saved = max(timedelta(0), self.checkpoint_interval - since_checkpoint) + self.save_time
        return until_saved if until_saved <= notice else timedelta(0)

    def lost(self, since_checkpoint: timedelta, notice: timedelta) -> timedelta:
        """Return the working time lost by a pause whose restart succeeds."""
        is_saved = self.wait(since_checkpoint, notice) > timedelta(0)
        return self.restart_time if is_saved else since_checkpoint + self.restart_time

    @property
    def worst_mending(self) -> timedelta:
        """Further time lost if the restart fails; zero where it never does."""
        return self.mend_time if self.restart_failure_ratio > 0.0 else timedelta(0)

    @property
    def expected_mending(self) -> timedelta:
        """Further time lost on average."""
        return self.restart_failure_ratio * self.mend_time
