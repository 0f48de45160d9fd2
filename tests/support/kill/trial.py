"""One trial: an operator, a hub and two sites through events, with deaths at given points."""
# ruff: noqa: ANN401  stands in for whatever is there

import json
import os
import shutil
import signal
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from support.fixed_sealing import FIXED_SEALING
from support.kill.forking import ForkServer
from support.kill.hub_role import KEYS, LEASE, OPERATOR_TOKEN, SITES
from support.kill.points import SharedClock, SharedTime

from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import InstructionState
from vpp.foundation.clock import stopwatch_s
from vpp.rpc.wire.time_fields import timestamp
from vpp.storage.engine import make_engine
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.v1 import event_pb2
from vpp.v1.event_pb2_grpc import EventServiceStub
from vpp.workflows.due_work import MARKET
from vpp.workflows.reporting import instructions_of

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
START = NOON + timedelta(hours=1)
END = START + timedelta(hours=1)
QUARTER = timedelta(minutes=15)
MAIN, CALLED_OFF = "storm", "gust"
TARGET_KW, LOWER_KW = 200.0, 120.0
_CALL_S = 10.0
_METADATA = (("authorization", f"Bearer {OPERATOR_TOKEN}"),)
ANSWERED = frozenset({InstructionState.ACCEPTED, InstructionState.PARTIAL})


class Stalled(AssertionError):
    """Something that had to happen did not: it was lost."""


class _AllSlept(Exception):
    """Everybody was away while the event passed."""


@dataclass(frozen=True)
class Deaths:
    """Where processes die.

    Attributes:
        hub: Points of the hub's first, second, ... life; 0 or none for a life that ends in order.
        agents: The same of the agents'.
        hub_label: Only such points of the hub count; empty for all.
        agent_label: The same of the agents.
        late: At the first death before the event everybody sleeps until it is over.
        defect: Deliberate defect that is switched on.
    """

    hub: tuple[int, ...] = ()
    agents: tuple[int, ...] = ()
    hub_label: str = ""
    agent_label: str = ""
    late: bool = False
    defect: str = ""


@dataclass
class Told:
    """What the operator was told, and holds the hub to.

    Attributes:
        events: Events that the hub has confirmed.
        modified: Whether it has confirmed the modification.
        cancelled: Whether it has confirmed the cancellation.
    """

    events: list[str] = field(default_factory=list)
    modified: bool = False
    cancelled: bool = False


@dataclass
class Trial:
    """The state of one trial.

    Attributes:
        server: Starts its processes.
        folder: Its files.
        database: URL of its own database.
        deaths: Where processes die.
        told: What the operator was told.
        patience_s: How long the trial waits for what must happen, s.
        kills: How often a process was killed.
        slept: Whether everybody slept through the event.
    """

    server: ForkServer
    folder: Path
    database: str
    deaths: Deaths = Deaths()
    patience_s: float = 25.0
    told: Told = field(default_factory=Told)
    kills: int = 0
    slept: bool = False

    def __post_init__(self) -> None:
        self.shared = SharedTime(self.folder / "time")
        self.shared.now = NOON
        self.clock = SharedClock(self.shared)
        self.engine = make_engine(self.database, pool_size=2)
        self.units = SqlUnitOfWorkFactory(self.engine, self.clock, sealing=FIXED_SEALING)
        self.port = _free_port()
        self._lives: dict[str, list[int]] = {"hub": [], "agents": []}
        self._channel: grpc.Channel | None = None
        self._is_told_so = False

    def close(self) -> None:
        """End what runs, and close what is open."""
        self.stop()
        if self._channel is not None:
            self._channel.close()
        self.engine.dispose()

    def start(self) -> None:
        """Start hub and agents."""
        self._start("hub")
        self._start("agents")

    def stop(self) -> None:
        """End both in order, agents first."""
        self.shared.is_armed = False
        for role in ("agents", "hub"):
            lives = self._lives[role]
            if not lives:
                continue
            if self.server.ended(lives[-1]) is None:
                os.kill(lives[-1], signal.SIGTERM)
            begun_s = stopwatch_s()
            while self.server.ended(lives[-1]) is None:
                if stopwatch_s() - begun_s > self.patience_s:
                    os.kill(lives[-1], signal.SIGKILL)
                _nap()

    def _start(self, role: str) -> None:
        deaths = self.deaths.hub if role == "hub" else self.deaths.agents
        number = len(self._lives[role])
        order = {
            "role": role,
            "folder": str(self.folder),
            "database": self.database,
            "port": self.port,
            "shared": str(self.folder / "time"),
            "notes": str(self.folder / f"{role}.notes"),
            "log": str(self.folder / f"{role}.log"),
            "kill_at": deaths[number] if number < len(deaths) else 0,
            "kill_label": self.deaths.hub_label if role == "hub" else self.deaths.agent_label,
            "defect": self.deaths.defect,
        }
        self._lives[role].append(self.server.start(order))

    def notes(self, role: str) -> list[dict[str, Any]]:
        """Return what the lives of a role have written down."""
        path = self.folder / f"{role}.notes"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def look_after(self) -> None:
        """Start again who has died; a claimed deadline's lease ends meanwhile."""
        for role, lives in self._lives.items():
            killed_by = self.server.ended(lives[-1])
            if killed_by is None:
                continue
            if killed_by != signal.SIGKILL:
                log = (self.folder / f"{role}.log").read_text()[-2000:]
                raise Stalled(f"the {role} ended by itself: {log}")
            self.kills += 1
            if self.deaths.late and not self.slept and self.shared.now < START:
                self.slept = True
                self._end_others(role)
                self.shared.now = END + QUARTER
            self.shared.now += 2 * LEASE
            self._start(role)
            if self.slept and not self._is_told_so:
                self._is_told_so = True
                raise _AllSlept

    def _end_others(self, role: str) -> None:
        """Nobody is awake while the event passes."""
        other = "agents" if role == "hub" else "hub"
        life = self._lives[other][-1]
        if self.server.ended(life) is None:
            os.kill(life, signal.SIGKILL)
        while self.server.ended(life) is None:
            _nap()

    def wait(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait until something holds, starting again who dies.

        Raises:
            Stalled: It does not.
        """
        begun_s = stopwatch_s()
        while not holds():
            self.look_after()
            if stopwatch_s() - begun_s > self.patience_s:
                raise Stalled(f"waited in vain until {what}; instructions {self.states()}")
            _nap()

    def call(self, method: str, request: Any) -> event_pb2.Event:
        """Call the hub as an operator would: again and again, under the same request id."""
        begun_s = stopwatch_s()
        while True:
            self.look_after()
            if self._channel is None:
                options = [
                    ("grpc.initial_reconnect_backoff_ms", 50),
                    ("grpc.min_reconnect_backoff_ms", 50),
                    ("grpc.max_reconnect_backoff_ms", 100),
                    ("grpc.use_local_subchannel_pool", 1),
                ]
                self._channel = grpc.insecure_channel(f"127.0.0.1:{self.port}", options=options)
            stub = EventServiceStub(self._channel)
            calling = getattr(stub, method).future(request, metadata=_METADATA, timeout=_CALL_S)
            while not calling.done():
                _nap()
                if self._hub_is_dead():
                    calling.cancel()
            error = None if calling.cancelled() else calling.exception()
            if not calling.cancelled() and error is None:
                answer: event_pb2.Event = calling.result()
                return answer
            if isinstance(error, grpc.RpcError) and error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise Stalled(f"{method} was refused: {error.code()} {error.details()}")
            if stopwatch_s() - begun_s > self.patience_s:
                raise Stalled(f"{method} has no answer")
            _nap()

    def _hub_is_dead(self) -> bool:
        return self.server.ended(self._lives["hub"][-1]) is not None

    def states(self, event_id: str | None = None) -> dict[str, str]:
        """Return the state of every instruction, of one event or all, by id."""
        with self.units(write=False) as uow:
            ids = [stored.value.event_id for stored in uow.events.page()] if event_id is None else [event_id]
            return {
                stored.value.instruction_id: stored.value.state.name
                for each in ids
                for stored in instructions_of(uow, each)
            }

    def event_state(self, event_id: str) -> EventState | None:
        """Return an event's state; None if there is no such event."""
        with self.units(write=False) as uow:
            stored = uow.events.get(event_id)
            return None if stored is None else stored.value.state

    def is_all_told(self) -> bool:
        """Whether every site holds everything it is owed."""
        with self.units(write=False) as uow:
            return uow.outbox.oldest_open_at() is None

    def is_quiet(self) -> bool:
        """Whether nothing is due, either, or under way: what falls due may owe a site something."""
        with self.units(write=False) as uow:
            is_due = any(due.kind in MARKET and due.due_at <= uow.now for due in uow.due.open())
            return not is_due and uow.outbox.oldest_open_at() is None

    def welcomes(self) -> int:
        """Return how many sessions have begun."""
        with self.units(write=False) as uow:
            return sum(record.action == "welcome" for record in uow.audit.page(limit=100_000))


def play(trial: Trial) -> None:
    """Play the whole story: call, lower, call off another, deliver, end.

    Raises:
        Stalled: Something that had to happen did not.
    """
    before = trial.welcomes()
    trial.start()
    trial.wait("both sites are connected", lambda: trial.welcomes() >= before + len(SITES))
    trial.shared.is_armed = True
    try:
        _call_and_deliver(trial)
    except _AllSlept:
        # Nothing of the event that was missed may happen any more.
        over = {EventState.ENDED, EventState.MEASURED, EventState.SETTLED, EventState.FAILED, None}
        trial.wait("the missed event is over", lambda: trial.event_state(MAIN) in over)
        missed = {"EXPIRED", "REFUSED", "ABORTED", "SUPERSEDED"}
        trial.wait("its instructions are over", lambda: set(trial.states(MAIN).values()) <= missed)
    _finish(trial)


def _call_and_deliver(trial: Trial) -> None:
    _create(trial, MAIN, START)
    trial.wait("the event is scheduled", lambda: _is_answered(trial, MAIN, 0))
    _lower(trial)
    trial.wait("the modification is answered", lambda: _is_answered(trial, MAIN, 1))
    _create(trial, CALLED_OFF, START + timedelta(hours=5))
    trial.wait("the second event is scheduled", lambda: _is_answered(trial, CALLED_OFF, 0))
    request = event_pb2.CancelEventRequest(name=f"events/{CALLED_OFF}", request_id=_request_id("cancel"))
    trial.told.cancelled = bool(trial.call("CancelEvent", request).name)
    trial.wait("everything is held", trial.is_all_told)
    trial.shared.now = START
    trial.wait("delivery begins", lambda: _has(trial, MAIN, 1, "STARTED", EventState.ACTIVE))
    for minutes in (5, 30):
        trial.shared.now = START + timedelta(minutes=minutes)
        _nap(0.05)
        trial.look_after()
    trial.shared.now = END
    trial.wait("delivery ends", lambda: _has(trial, MAIN, 1, "COMPLETED", EventState.ENDED))


def _finish(trial: Trial) -> None:
    trial.shared.now += timedelta(minutes=10)
    trial.wait("the last control steps are taken", lambda: _has_stepped(trial))
    trial.wait("nothing is left to do", trial.is_quiet)
    trial.stop()


def _has_stepped(trial: Trial) -> bool:
    at = trial.shared.now.replace(minute=trial.shared.now.minute // 5 * 5, second=0, microsecond=0)
    return all(f'"{at.isoformat()}"' in _text(trial.folder / site / "commands.jsonl") for site in SITES)


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _create(trial: Trial, event_id: str, start: datetime) -> None:
    event = _wanted(start, TARGET_KW)
    request = event_pb2.CreateEventRequest(event=event, event_id=event_id, request_id=_request_id(event_id))
    trial.call("CreateEvent", request)
    trial.told.events.append(event_id)


def _wanted(start: datetime, target_kw: float) -> event_pb2.Event:
    event = event_pb2.Event(
        product="products/example-emergency", zone="north", target_reduction_kw=[target_kw] * 4
    )
    event.delivery_interval.start_time.CopyFrom(timestamp(start))
    event.delivery_interval.end_time.CopyFrom(timestamp(start + 4 * QUARTER))
    event.cap_price_per_mwh.currency_code, event.cap_price_per_mwh.units = "GBP", 5000
    return event


def _lower(trial: Trial) -> None:
    event = _wanted(START, LOWER_KW)
    event.name = f"events/{MAIN}"
    request = event_pb2.UpdateEventRequest(
        event=event, update_mask=FieldMask(paths=["target_reduction_kw"]), request_id=_request_id("lower")
    )
    trial.told.modified = trial.call("UpdateEvent", request).modification_number == 1


def _is_answered(trial: Trial, event_id: str, number: int) -> bool:
    if trial.event_state(event_id) is not EventState.SCHEDULED:
        return False
    states = [state for name, state in trial.states(event_id).items() if f"-m{number}-" in name]
    return len(states) == len(SITES) and all(InstructionState[state] in ANSWERED for state in states)


def _has(trial: Trial, event_id: str, number: int, state: str, event_state: EventState) -> bool:
    states = [found for name, found in trial.states(event_id).items() if f"-m{number}-" in name]
    return states == [state] * len(SITES) and trial.event_state(event_id) is event_state


def _request_id(what: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, what))


def _nap(seconds: float = 0.01) -> None:
    """Wait for other processes, in the machine's time."""
    _SOCKETS[0].settimeout(seconds)
    try:
        _SOCKETS[0].recv(1)
    except TimeoutError:
        return


_SOCKETS = socket.socketpair()
"""Nothing is ever sent: reading one with a time limit is a wait."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def copy_files(template: Path, folder: Path) -> None:
    """Give a trial the keys and the files that enrolled sites begin with."""
    for key in KEYS:
        shutil.copy(template / key, folder / key)
    for site in SITES:
        shutil.copytree(template / site, folder / site)
