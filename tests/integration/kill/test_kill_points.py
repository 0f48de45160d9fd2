"""Hub and agents as processes of their own, killed at a sample of points: nothing is lost or doubled.

The benchmark of the same name goes through all of them.
"""

from collections.abc import Iterator

import pytest
from support.kill.defects import ACKNOWLEDGE_BEFORE_PERSIST, ANSWER_BEFORE_COMMIT, TWO_TRANSACTIONS
from support.kill.forking import ForkServer, fork_server
from support.kill.template import Stage, make_stage, postgresql_databases, sqlite_databases
from support.kill.trial import Deaths, Stalled, play
from support.kill.verdict import judge

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with fork_server() as running:
        yield running


@pytest.fixture(scope="module")
def sqlite(server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    folder = tmp_path_factory.mktemp("kill")
    return make_stage(server, folder, sqlite_databases(folder))


@pytest.fixture(scope="module")
def postgresql(server: ForkServer, tmp_path_factory: pytest.TempPathFactory, postgresql_url: str) -> Stage:
    return make_stage(server, tmp_path_factory.mktemp("kill"), postgresql_databases(postgresql_url))


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Stage:
    found: Stage = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize(
    ("stage", "deaths"),
    [
        ("sqlite", Deaths(hub=(131, 301, 60), agents=(43, 123))),
        ("postgresql", Deaths(hub=(251, 145, 85), agents=(83, 143))),
    ],
    indirect=["stage"],
    ids=str,
)
def test_whoever_is_killed_nothing_is_lost_or_doubled(stage: Stage, deaths: Deaths) -> None:
    with stage.trial(deaths) as trial:
        play(trial)
        assert trial.kills == len(deaths.hub) + len(deaths.agents)
        assert judge(trial).findings == []


@pytest.mark.parametrize("deaths", [Deaths(hub=(185,), late=True), Deaths(agents=(39,), late=True)], ids=str)
def test_what_was_slept_through_is_never_executed(sqlite: Stage, deaths: Deaths) -> None:
    with sqlite.trial(deaths) as trial:
        play(trial)
        assert trial.slept
        assert judge(trial).findings == []


@pytest.mark.parametrize(
    "deaths",
    [
        Deaths(hub=(4,), hub_label="late commit", defect=ANSWER_BEFORE_COMMIT),
        Deaths(hub=(1,), hub_label="between transactions", defect=TWO_TRANSACTIONS),
        Deaths(agents=(3,), agent_label="after sending acknowledgement", defect=ACKNOWLEDGE_BEFORE_PERSIST),
    ],
    ids=lambda deaths: deaths.defect,
)
def test_a_deliberate_defect_is_found(sqlite: Stage, deaths: Deaths) -> None:
    with sqlite.trial(deaths) as trial:
        trial.patience_s = 4.0
        try:
            play(trial)
            findings = judge(trial).findings
        except Stalled as stalled:
            findings = [str(stalled)]
        notes = trial.notes("hub") + trial.notes("agents")
        assert {"defect": deaths.defect} in notes, "the defect was not on"
        assert any("killed_at" in note for note in notes)
        assert findings != []
