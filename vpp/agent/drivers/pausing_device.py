"""A cluster whose works are paused and resumed, whatever manages it.

    W_g        works of group g that run, O_g works that this driver paused and that are seen standing still
    p_i, s_i   power of work i while it runs, and what it saves while it stands still, kW at the computers
    C_g        boards of the group, where the site gives them
    r_g        = max(0, boards of W_g + boards of O_g - C_g), boards freed by a pause on which others started:
               left alone, the group could not have had more than C_g
    reduction  (1 + k) sum over g of (1 - min(1, r_g / boards of O_g)) sum over O_g of s_i
    load       (1 + k) sum over g of (sum over W_g of p_i + the same share of sum over O_g of p_i)

Only what is seen standing still counts, and only what this driver paused: not what users paused, not what was
ordered and refused. k is the overhead that follows IT power (`vpp.flexibility.measurement_boundary`).
"""

import logging
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from vpp.agent.device_place import DevicePlace
from vpp.agent.drivers.paused_works import PausedWork, PausedWorks, Phase, SeenWork, WorkState
from vpp.agent.drivers.work_choice import TOLERANCE_KW, Choice, Work, chosen_works
from vpp.flexibility.measurement_boundary import at_connection_kw
from vpp.foundation.device_terms import (
    Applied,
    DeviceCondition,
    DeviceError,
    Health,
    Outcome,
    Reading,
    Setpoint,
)

ROUNDS = 3
"""How often others are chosen in place of works that refuse to pause, within one command."""
MEMORY_LOST = "what was paused is not known: its memory is damaged and must be put right or removed"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkGroup:
    """What is known of a group of works.

    Attributes:
        flexibility_ratio: Largest cut that its tier allows, 0..1.
        board_count: Boards that it has, busy or free; infinite if that is not known.
    """

    flexibility_ratio: float
    board_count: float = math.inf


class WorkSource(Protocol):
    """What manages the works: it shows them, pauses them and resumes them."""

    def works(self, paused: Mapping[str, PausedWork]) -> Mapping[str, SeenWork]:
        """Return all works that run, and of `paused` all that can be found, those that are over as `OVER`.

        Args:
            paused: What this driver has paused.

        Raises:
            DeviceError: The cluster does not answer, or answers nonsense.
        """
        ...

    def pause(self, keys: Sequence[str]) -> Collection[str]:
        """Pause works; return those that refused.

        Raises:
            DeviceError: The cluster does not answer: what became of the works is not known.
        """
        ...

    def resume(self, keys: Sequence[str]) -> Collection[str]:
        """Resume works; return those that refused.

        Raises:
            DeviceError: The cluster does not answer: what became of the works is not known.
        """
        ...

    def guard(self, keys: Collection[str], hold: timedelta) -> bool:
        """See to it that works are resumed after a time even if this machine is dead, where that can be done.

        Args:
            keys: All works that stand still or are about to; none to end the guard.
            hold: After what time.

        Returns:
            Whether that is so, or the site does without.

        Raises:
            DeviceError: What was to see to it does not answer.
        """
        ...

    def close(self) -> None:
        """Let connections go."""
        ...


class PausingDevice:
    """A cluster of jobs (`Device`)."""

    def __init__(
        self,
        source: WorkSource,
        groups: Mapping[str, WorkGroup],
        place: DevicePlace,
        overhead_slope_ratio: float,
    ) -> None:
        """Take up what was paused before a restart; nothing is asked yet."""
        self._source = source
        self._groups = groups
        self._place = place
        self._slope_ratio = overhead_slope_ratio
        self._paused = PausedWorks(place.memory)
        self._failure = "has not been read yet"
        self._has_guard = False

    def read(self) -> Reading:
        """Read the works, and what the paused ones save.

        Raises:
            DeviceError: The cluster does not answer, or answers nonsense.
        """
        seen = self._look()
        quantities: dict[str, float] = {}
        reduction_kw = load_kw = 0.0
        running_of: dict[str, list[SeenWork]] = {}
        ours_of: dict[str, list[PausedWork]] = {}
        for each in seen.values():
            if self._is_running(each):
                running_of.setdefault(each.group, []).append(each)
        for key, record in self._paused.works.items():
            if _state(seen, key) is WorkState.PAUSED:
                ours_of.setdefault(record.group, []).append(record)
        for name, group in self._groups.items():
            running, ours = running_of.get(name, []), ours_of.get(name, [])
            running_boards = math.fsum(work.boards for work in running)
            our_boards = math.fsum(work.boards for work in ours)
            refilled = max(0.0, running_boards + our_boards - group.board_count)
            share = 1.0 - min(1.0, refilled / our_boards) if our_boards > 0.0 else 1.0
            reduction_kw += share * math.fsum(work.saved_kw for work in ours)
            load_kw += math.fsum(work.kw for work in running)
            load_kw += share * math.fsum(max(work.kw, work.saved_kw) for work in ours)
            quantities[f"running_gpus.{name}"] = running_boards + share * our_boards
            quantities[f"paused_gpus.{name}"] = share * our_boards
        if self._place.kind != "job_groups":
            quantities = {"batch_load_kw": at_connection_kw(load_kw, self._slope_ratio)}
        quantities["reduction_kw"] = at_connection_kw(reduction_kw, self._slope_ratio)
        return Reading(self._place.clock.now(), quantities)

    @staticmethod
    def _is_running(work: SeenWork) -> bool:
        return work.is_load and work.state in {WorkState.RUNNING, WorkState.LEAVING}

    def _look(self) -> Mapping[str, SeenWork]:
        try:
            seen = self._source.works(self._paused.works)
        except DeviceError as error:
            self._failure = str(error)
            raise
        self._failure = ""
        self._paused.observe(seen, self._place.clock.now())
        return seen

    def apply(self, setpoint: Setpoint) -> Applied:
        """Let works stand still that save the reduction; nothing is made to draw more.

        Raises:
            DeviceError: The cluster does not answer: what became of the command is not known.
        """
        now = self._place.clock.now()
        if setpoint.increase_kw > 0.0:
            return Applied(Outcome.FAILED, now, "pausing works cannot raise consumption")
        if setpoint.reduction_kw <= TOLERANCE_KW:
            return self.release()
        self._paused.recall()
        if self._paused.is_lost:
            return Applied(Outcome.FAILED, now, MEMORY_LOST)
        try:
            return self._apply(setpoint.reduction_kw)
        except OSError:
            log.exception("%s: what is to be paused cannot be kept", self._place.resource_id)
            return Applied(Outcome.FAILED, now, "what is to be paused cannot be remembered, so nothing is")

    def _apply(self, wanted_kw: float) -> Applied:
        seen = self._look()
        before_kw, was = self._paused.wanted_kw, dict(self._paused.works)
        refused: set[str] = set()
        tried: set[str] = set()
        for _ in range(ROUNDS):
            choice = self._choice(seen, wanted_kw, before_kw, refused, tried)
            pause = (*self._companions(seen, choice, refused | tried), *choice.pause)
            resume = [
                key for key in (*choice.resume, *self._idle_companions(seen, choice)) if key not in refused
            ]
            if not pause and not resume:
                break
            if pause and not self._is_guarded({*self._paused.works, *pause}):
                return Applied(Outcome.FAILED, self._place.clock.now(), "the site's watchdog refused")
            refused |= self._carried_out(seen, pause, resume, wanted_kw)
            tried |= {*pause, *resume} - refused
            seen = self._look()
        # A pause that was ordered earlier, did nothing and is not wanted any more: who stops that work now is
        # somebody else.
        self._paused.forget(
            key
            for key, work in self._paused.works.items()
            if work.phase is Phase.ASKED and key not in tried and _state(seen, key) is WorkState.RUNNING
        )
        self._paused.want(wanted_kw)
        if self._paused.works and not self._is_guarded(self._paused.works.keys()):  # it stands for longer
            return Applied(Outcome.FAILED, self._place.clock.now(), "the site's watchdog refused")
        return self._outcome(seen, wanted_kw, refused, is_same=self._paused.works == was)

    def _is_guarded(self, keys: Collection[str]) -> bool:
        self._has_guard = True  # until it is known to have ended
        return self._source.guard(keys, self._place.command_hold)

    def _carried_out(
        self, seen: Mapping[str, SeenWork], pause: Sequence[str], resume: Sequence[str], wanted_kw: float
    ) -> set[str]:
        """Pause and resume; return the keys of what refused."""
        refused: set[str] = set()
        if resume:
            self._paused.return_(resume, wanted_kw)
            refused |= set(self._source.resume(resume))
        if pause:
            # On the disk before the cluster is told, so that a restart in between resumes what was paused.
            self._paused.ask((seen[key] for key in pause), wanted_kw)
            not_paused = set(self._source.pause(pause))
            self._paused.forget(not_paused)
            refused |= not_paused
        return refused

    def _choice(
        self,
        seen: Mapping[str, SeenWork],
        wanted_kw: float,
        before_kw: float,
        refused: set[str],
        tried: set[str],
    ) -> Choice:
        works = []
        for key, work in seen.items():
            record = self._paused.works.get(key)
            # A work that was told and still runs may be told again next time, but not twice in one command.
            is_ours = record is not None and (work.state is not WorkState.RUNNING or key in tried)
            is_free = (
                work.can_pause
                and work.state is WorkState.RUNNING
                and key not in refused
                and key not in tried
                and key not in self._paused.left_alone
            )
            if work.is_companion or work.group not in self._groups or not (is_ours or is_free):
                continue
            it_kw = record.saved_kw if record is not None and is_ours else work.saved_kw
            works.append(
                Work(
                    key,
                    at_connection_kw(it_kw, self._slope_ratio),
                    self._groups[work.group].flexibility_ratio,
                    work.priority,
                    is_ours=is_ours,
                )
            )
        return chosen_works(works, wanted_kw, wanted_before_kw=before_kw)

    def _companions(self, seen: Mapping[str, SeenWork], choice: Choice, done: set[str]) -> list[str]:
        """Return what must be paused before anything of a group stands still."""
        ours = [key for key, work in self._paused.works.items() if not work.is_companion]
        groups = {seen[key].group for key in (*choice.pause, *ours) if key in seen}
        return sorted(
            key
            for key, work in seen.items()
            if work.is_companion
            and work.group in groups
            and work.state is WorkState.RUNNING
            and work.can_pause
            and key not in done
            and key not in self._paused.left_alone
        )

    def _idle_companions(self, seen: Mapping[str, SeenWork], choice: Choice) -> list[str]:
        """Return what was paused with groups of which nothing stands still any more."""
        kept = {
            work.group
            for key, work in self._paused.works.items()
            if not work.is_companion and key not in choice.resume and work.phase is not Phase.RETURNING
        }
        return sorted(
            key
            for key, work in self._paused.works.items()
            if work.is_companion and work.group not in kept and not choice.pause and key in seen
        )

    def _outcome(
        self, seen: Mapping[str, SeenWork], wanted_kw: float, refused: Collection[str], *, is_same: bool
    ) -> Applied:
        """Tell what became of a command, from what is seen after it."""
        now = self._place.clock.now()
        told = {
            key: work
            for key, work in self._paused.works.items()
            if key in seen and (work.phase is not Phase.RETURNING or seen[key].state is WorkState.PAUSED)
        }
        told_kw = at_connection_kw(math.fsum(each.saved_kw for each in told.values()), self._slope_ratio)
        remark = f"; {len(refused)} refused" if refused else ""
        if told_kw < wanted_kw - TOLERANCE_KW:
            return Applied(
                Outcome.FAILED, now, f"{told_kw:.1f} of {wanted_kw:.1f} kW could be paused{remark}"
            )
        still = [work for key, work in told.items() if seen[key].state is WorkState.PAUSED]
        shown_kw = at_connection_kw(math.fsum(work.saved_kw for work in still), self._slope_ratio)
        if shown_kw < wanted_kw - TOLERANCE_KW:
            return Applied(Outcome.PENDING, now, f"{shown_kw:.1f} kW stand still so far{remark}")
        if any(seen[key].is_companion for key in refused if key in seen):
            return Applied(Outcome.FAILED, now, f"starts could not be stopped everywhere{remark}")
        return Applied(Outcome.UNCHANGED if is_same else Outcome.APPLIED, now, remark.removeprefix("; "))

    def release(self) -> Applied:
        """Resume all works that this driver has paused, and no others.

        Raises:
            DeviceError: The cluster does not answer: what became of the command is not known.
        """
        now = self._place.clock.now()
        self._paused.recall()
        if self._paused.is_lost:
            return Applied(Outcome.FAILED, now, MEMORY_LOST)
        try:
            return self._release()
        except OSError:
            log.exception("%s: what was resumed cannot be kept", self._place.resource_id)
            return Applied(Outcome.FAILED, now, "what was resumed cannot be remembered")

    def _release(self) -> Applied:
        now = self._place.clock.now()
        seen = self._look()
        works = dict(self._paused.works)
        still = [key for key in works if _state(seen, key) in {WorkState.PAUSED, WorkState.LEAVING}]
        # Starts are let in last, so that works come back onto their own boards.
        still.sort(key=lambda key: (works[key].is_companion, key))
        if still:
            self._paused.return_(still, math.inf)
            self._source.resume(still)
            seen = self._look()
        self._paused.let_go(seen)
        if self._paused.works:
            missing = sum(1 for key in self._paused.works if key not in seen)
            left = len(self._paused.works) - missing
            remark = f", {missing} are not shown by the cluster" if missing else ""
            return Applied(Outcome.FAILED, now, f"{left} of {len(still)} works were not resumed{remark}")
        if works or self._has_guard:
            self._has_guard = not self._is_guarded(())
        return Applied(Outcome.APPLIED if still else Outcome.UNCHANGED, now)

    def health(self) -> DeviceCondition:
        """Return whether the cluster answered last, and whether it is known what was paused."""
        if self._paused.is_lost and not self._failure:
            return DeviceCondition(Health.ALARM, detail=MEMORY_LOST)
        return DeviceCondition(Health.LOST if self._failure else Health.OK, detail=self._failure)

    def close(self) -> None:
        """Let connections go; what is paused stays so."""
        self._source.close()


def _state(seen: Mapping[str, SeenWork], key: str) -> WorkState | None:
    """Return what a work does; None if the cluster does not show it."""
    return seen[key].state if key in seen else None
