"""Kills hub and agents at every point of a dispatch's way, on both databases, and counts what is left.

A point is a statement, a commit, or a step of a coroutine of the hub; a write, a wait for the disk, a
message or a command of the agents. The quick set takes every 60th; VPP_BENCH=full takes all of them,
VPP_KILL_ROUNDS times (2), and then kills several lives in a row.
"""

import itertools
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from support.kill.defects import ACKNOWLEDGE_BEFORE_PERSIST, ANSWER_BEFORE_COMMIT, DEFECTS, TWO_TRANSACTIONS
from support.kill.forking import ForkServer, fork_server
from support.kill.template import Stage, make_stage, postgresql_databases, sqlite_databases
from support.kill.trial import Deaths, Stalled, play
from support.kill.verdict import Verdict, judge

from vpp.foundation.clock import stopwatch_s

IS_FULL = os.environ.get("VPP_BENCH") == "full"
ROUNDS = int(os.environ.get("VPP_KILL_ROUNDS", "2")) if IS_FULL else 1
STRIDE = 1 if IS_FULL else 60
KINDS = ("lost", "doubled", "late", "unrecorded", "disagreeing")
pytestmark = pytest.mark.timeout(0)


@dataclass
class Sum:
    """What a set of trials came to.

    Attributes:
        runs: Trials.
        kills: Processes killed.
        points: Points at which somebody was killed, by label.
        found: What was found, by kind.
        words: The same in words.
        wall_s: Time it took, s.
    """

    runs: int = 0
    kills: int = 0
    points: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    words: list[str] = field(default_factory=list)
    wall_s: float = 0.0


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with fork_server() as running:
        yield running


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stage(
    request: pytest.FixtureRequest, server: ForkServer, tmp_path_factory: pytest.TempPathFactory
) -> Stage:
    folder = tmp_path_factory.mktemp("kill")
    if request.param == "sqlite":
        return make_stage(server, folder, sqlite_databases(folder))
    return make_stage(server, folder, postgresql_databases(request.getfixturevalue("postgresql_url")))


def run(stage: Stage, deaths: Deaths, total: Sum) -> None:
    """Play one trial and add what came of it."""
    begun_s = stopwatch_s()
    with stage.trial(deaths) as trial:
        if deaths.defect:
            trial.patience_s = 8.0
        try:
            play(trial)
            verdict = judge(trial)
        except Stalled as stalled:
            verdict = Verdict(lost=[str(stalled)])
        notes = trial.notes("hub") + trial.notes("agents")
        total.kills += trial.kills
    total.runs += 1
    total.wall_s += stopwatch_s() - begun_s
    total.points.update(str(note["label"]) for note in notes if "killed_at" in note)
    for kind in KINDS:
        total.found[kind] += len(getattr(verdict, kind))
    total.words += [f"{deaths}: {finding}" for finding in verdict.findings]
    if deaths.defect:
        assert {"defect": deaths.defect} in notes, f"{deaths} was not on"


def point_counts(stage: Stage) -> tuple[int, int]:
    """Return how many points hub and agents pass when nobody dies."""
    with stage.trial() as trial:
        play(trial)
        assert judge(trial).findings == []
        ((hub,), (agents,)) = (
            [note["points"] for note in trial.notes(role) if "points" in note] for role in ("hub", "agents")
        )
    return int(hub), int(agents)


def report(what: str, database: str, points: int, total: Sum) -> None:
    """Print one row."""
    found = ", ".join(f"{total.found[kind]} {kind}" for kind in KINDS)
    print(
        f"| {what} | {database} | {points} | {total.runs} | {total.kills} | {len(total.points)} | {found} | "
        f"{total.wall_s / max(1, total.runs):.1f} |"
    )
    for words in total.words:
        print(f"  - {words}")


def test_every_point(stage: Stage, request: pytest.FixtureRequest) -> None:
    database = request.node.callspec.params["stage"]
    hub_count, agent_count = point_counts(stage)
    sets = {
        "hub": [Deaths(hub=(at,)) for at in range(1, hub_count, STRIDE)],
        "agents": [Deaths(agents=(at,)) for at in range(1, agent_count, STRIDE)],
        "both, several lives": [
            Deaths(hub=(at, at // 2 + 20, 60), agents=(1 + at * agent_count // hub_count, 30))
            for at in range(11, hub_count, 8 * STRIDE)
        ],
        "slept through": [
            *(Deaths(hub=(at,), late=True) for at in range(3, hub_count // 2, 4 * STRIDE)),
            *(Deaths(agents=(at,), late=True) for at in range(3, agent_count // 2, 2 * STRIDE)),
        ],
    }
    print("\n| killed | database | points | runs | kills | kinds of points | found | s per run |")
    print("|---|---|---|---|---|---|---|---|")
    everything = []
    for what, deaths in sets.items():
        total = Sum()
        for each in itertools.chain.from_iterable(itertools.repeat(deaths, ROUNDS)):
            run(stage, each, total)
        points = {"hub": hub_count, "agents": agent_count}.get(what, hub_count + agent_count)
        report(what, database, points, total)
        everything += total.words
    assert everything == []


def test_every_defect_is_found(stage: Stage, request: pytest.FixtureRequest) -> None:
    database = request.node.callspec.params["stage"]
    many = range(1, 9) if IS_FULL else range(3, 5)
    sets = {
        ANSWER_BEFORE_COMMIT: [
            Deaths(hub=(at,), hub_label="late commit", defect=ANSWER_BEFORE_COMMIT) for at in many
        ],
        TWO_TRANSACTIONS: [
            Deaths(hub=(at,), hub_label="between transactions", defect=TWO_TRANSACTIONS)
            for at in (range(1, 5) if IS_FULL else (1,))
        ],
        ACKNOWLEDGE_BEFORE_PERSIST: [
            Deaths(
                agents=(at,), agent_label="after sending acknowledgement", defect=ACKNOWLEDGE_BEFORE_PERSIST
            )
            for at in many
        ],
    }
    assert set(sets) == set(DEFECTS)
    print("\n| defect | database | runs | runs that found it |\n|---|---|---|---|")
    for defect, deaths in sets.items():
        caught = 0
        for each in deaths:
            total = Sum()
            run(stage, each, total)
            caught += bool(total.words)
        print(f"| {defect} | {database} | {len(deaths)} | {caught} |")
        assert caught
