"""What a driver has paused: kept on the disk before it is done, and compared with what is seen.

    asked      the pause has been or is being ordered; not yet seen
    held       seen standing still by this driver's doing
    returning  to be resumed; still standing still

A work that was held and is seen running has been resumed by somebody else. It is no longer this driver's,
and is left alone until the device is released: what a person decides is not undone. A work that is over is
forgotten. One that is merely not shown any more counts for nothing, and is remembered for a while longer: a
listing may be incomplete, and a forgotten work would stand still for ever. So after a restart exactly the
works that this driver paused are resumed, and never what a user paused.
"""

import enum
import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from vpp.agent.device import DeviceMemory
from vpp.foundation.errors import InvalidInput

ABSENT_FOR = timedelta(minutes=10)
"""A work that is not shown for so long is gone: longer than a cluster's manager takes to start anew."""
log = logging.getLogger(__name__)


class WorkState(enum.Enum):
    """What a work is seen doing.

    Attributes:
        RUNNING: It runs.
        LEAVING: It is being stopped, and still draws power.
        PAUSED: It stands still.
        TAKEN: Somebody else has changed what this driver did to it: it is theirs now.
        OVER: It has ended, or its name is another work's now; only of what this driver paused.
    """

    RUNNING = "running"
    LEAVING = "leaving"
    PAUSED = "paused"
    TAKEN = "taken"
    OVER = "over"


class Phase(enum.Enum):
    """How far the pausing of a work has come; see the module."""

    ASKED = "asked"
    HELD = "held"
    RETURNING = "returning"


@dataclass(frozen=True, slots=True)
class SeenWork:
    """A work as the cluster shows it.

    Attributes:
        key: Its name within the driver; stays at the site.
        group: The group that it belongs to.
        state: What it does.
        kw: What it draws while it runs, kW at the computers.
        saved_kw: What it saves while it stands still, kW at the computers.
        boards: GPUs, or nodes where the site counts in nodes, that it holds.
        priority: Among equals, lower ones are paused first.
        can_pause: Whether this driver may pause it.
        is_companion: Whether it goes with its group: paused before anything of the group is, resumed
            after the rest.
        is_load: Whether `kw` and `boards` are its own; not for a knob on works that are seen as well.
        facts: What the driver must know of it later, once it does not show it any more; JSON values.
    """

    key: str
    group: str
    state: WorkState
    kw: float = 0.0
    saved_kw: float = 0.0
    boards: float = 0.0
    priority: float = 0.0
    can_pause: bool = True
    is_companion: bool = False
    is_load: bool = True
    facts: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PausedWork:
    """A work that this driver has paused, as it was when it ran.

    Attributes:
        group: The group that it belongs to.
        phase: How far it has come.
        kw: What it drew, kW at the computers.
        saved_kw: What it saves, kW at the computers.
        boards: GPUs or nodes that it held.
        is_companion: Whether it goes with its group.
        facts: What the driver must know of it.
    """

    group: str
    phase: Phase
    kw: float
    saved_kw: float
    boards: float
    is_companion: bool = False
    facts: Mapping[str, float | str] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return it as JSON values."""
        return {
            "group": self.group,
            "phase": self.phase.value,
            "kw": self.kw,
            "saved_kw": self.saved_kw,
            "boards": self.boards,
            "is_companion": self.is_companion,
            "facts": dict(self.facts),
        }


class PausedWorks:
    """The works that this driver has paused."""

    def __init__(self, memory: DeviceMemory) -> None:
        """Take up what was remembered; a memory that cannot be read must not keep the site from starting."""
        self._memory = memory
        self._absent_since: dict[str, datetime] = {}
        self._works: dict[str, PausedWork] = {}
        self.left_alone: set[str] = set()
        self.wanted_kw = math.inf
        self.is_lost = True
        self.recall()

    def recall(self) -> None:
        """Take up what was remembered, if that has not been possible yet.

        While it is not possible `is_lost` stays true: nothing may be paused, since that would write over the
        only trace of what was.
        """
        if not self.is_lost:
            return
        try:
            content = self._memory.recall()
        except InvalidInput:
            log.exception("what was paused is not known")
            return
        self.is_lost = False
        self.wanted_kw = _number(content.get("wanted_kw"), math.inf)
        kept = content.get("works")
        if isinstance(kept, Mapping):
            self._works = {str(key): _recalled(each) for key, each in kept.items()}
        left_alone = content.get("left_alone")
        self.left_alone = set(map(str, left_alone)) if isinstance(left_alone, list) else set()

    @property
    def works(self) -> Mapping[str, PausedWork]:
        """All that are paused or about to be, by key."""
        return self._works

    def ask(self, works: Iterable[SeenWork], wanted_kw: float) -> None:
        """Remember works that are about to be paused, and what for.

        Raises:
            OSError: They could not be remembered; they must not be paused.
        """
        asked = {
            work.key: PausedWork(
                work.group, Phase.ASKED, work.kw, work.saved_kw, work.boards, work.is_companion, work.facts
            )
            for work in works
        }
        self._keep({**self._works, **asked}, wanted_kw)

    def return_(self, keys: Iterable[str], wanted_kw: float) -> None:
        """Remember works that are about to be resumed.

        Raises:
            OSError: That could not be remembered.
        """
        returning = {key: replace(self._works[key], phase=Phase.RETURNING) for key in keys}
        self._keep({**self._works, **returning}, wanted_kw)

    def want(self, wanted_kw: float) -> None:
        """Remember what is wanted of works that stand still, kW.

        Raises:
            OSError: That could not be remembered.
        """
        if self._works and wanted_kw != self.wanted_kw:
            self._keep(self._works, wanted_kw)

    def forget(self, keys: Iterable[str]) -> None:
        """Forget works that were not paused after all.

        Raises:
            OSError: That could not be remembered.
        """
        gone = set(keys)
        if gone:
            self._keep({key: work for key, work in self._works.items() if key not in gone}, self.wanted_kw)

    def observe(self, seen: Mapping[str, SeenWork], at: datetime) -> None:
        """Compare with what is seen; what that changes is found again after a restart, remembered or not.

        Args:
            seen: What the cluster shows.
            at: When, UTC.
        """
        works: dict[str, PausedWork] = {}
        left_alone = {key for key in self.left_alone if key in seen}
        for key, work in self._works.items():
            state = seen[key].state if key in seen else None
            if state is None:
                if at - self._absent_since.setdefault(key, at) < ABSENT_FOR:
                    works[key] = work
                continue
            self._absent_since.pop(key, None)
            if state is WorkState.OVER:
                continue
            if state is WorkState.PAUSED:
                works[key] = work if work.phase is Phase.RETURNING else replace(work, phase=Phase.HELD)
            elif state is WorkState.LEAVING or (state is WorkState.RUNNING and work.phase is Phase.ASKED):
                works[key] = work
            elif work.phase is not Phase.RETURNING:
                left_alone.add(key)
        self._absent_since = {key: since for key, since in self._absent_since.items() if key in works}
        if works != self._works or left_alone != self.left_alone:
            self.left_alone = left_alone
            try:
                self._keep(works, self.wanted_kw)
            except OSError:
                log.exception("what became of paused works cannot be kept")
                self._works = works

    def let_go(self, seen: Mapping[str, SeenWork]) -> None:
        """Forget works that are seen and do not stand still, and who resumed what: the device is released.

        Raises:
            OSError: That could not be remembered.
        """
        still = (WorkState.PAUSED, WorkState.LEAVING)
        self.left_alone = set()
        kept = {key: work for key, work in self._works.items() if key not in seen or seen[key].state in still}
        self._keep(kept, math.inf)

    def _keep(self, works: dict[str, PausedWork], wanted_kw: float) -> None:
        content: dict[str, object] = {}
        if works or self.left_alone:
            content = {
                "works": {key: work.as_json() for key, work in works.items()},
                "wanted_kw": None if math.isinf(wanted_kw) else wanted_kw,
                "left_alone": sorted(self.left_alone),
            }
        self._memory.remember(content)
        self._works, self.wanted_kw = works, wanted_kw


def _number(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) else otherwise


def _recalled(content: object) -> PausedWork:
    """Read one work; what cannot be read counts as nothing saved, but is still resumed."""
    table: Mapping[str, object] = content if isinstance(content, Mapping) else {}
    facts = table.get("facts")
    phases = {each.value: each for each in Phase}
    return PausedWork(
        group=str(table.get("group", "")),
        phase=phases.get(str(table.get("phase")), Phase.ASKED),
        kw=_number(table.get("kw"), 0.0),
        saved_kw=_number(table.get("saved_kw"), 0.0),
        boards=_number(table.get("boards"), 0.0),
        is_companion=bool(table.get("is_companion")),
        facts=dict(facts) if isinstance(facts, Mapping) else {},
    )
