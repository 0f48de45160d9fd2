"""Whatever is added, updated and rolled back in whatever order: the repository is a guarded dict."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from vpp.foundation.clock import ManualClock
from vpp.foundation.errors import AlreadyExists, StaleWrite
from vpp.portfolio.party import Party, PartyKind
from vpp.storage.engine import make_engine
from vpp.storage.unit_of_work import SqlUnitOfWork, SqlUnitOfWorkFactory
from vpp.workflows.ports import Stored

IDS = st.sampled_from(["a", "a-b", "a0", "b"])
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5)
START = datetime(2026, 3, 2, tzinfo=UTC)


class GuardedDict(RuleBasedStateMachine):
    """Parties in a database against the same in a dict."""

    migrated: Path

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        path = Path(self._folder.name) / "hub.sqlite"
        shutil.copy(self.migrated, path)
        self._engine = make_engine(f"sqlite:///{path}")
        self._clock = ManualClock(START)
        self._units = SqlUnitOfWorkFactory(self._engine, self._clock)
        self._committed: dict[str, Stored[Party]] = {}
        self._expected: dict[str, Stored[Party]] = {}
        self._uow: SqlUnitOfWork | None = None
        self._begin()

    def _begin(self) -> None:
        self._uow = self._units()
        self._uow.__enter__()

    def _end(self) -> None:
        assert self._uow is not None
        self._uow.__exit__(None, None, None)

    @rule(identifier=IDS, name=NAMES)
    def add(self, identifier: str, name: str) -> None:
        assert self._uow is not None
        party = Party(identifier, name, PartyKind.OPERATOR)
        if identifier in self._expected:
            with pytest.raises(AlreadyExists):
                self._uow.parties.add(identifier, party)
        else:
            stored = self._uow.parties.add(identifier, party)
            assert stored == Stored(party, 1, self._uow.now, self._uow.now)
            self._expected[identifier] = stored

    @rule(identifier=IDS, name=NAMES, revision=st.integers(1, 3))
    def update(self, identifier: str, name: str, revision: int) -> None:
        assert self._uow is not None
        party = Party(identifier, name, PartyKind.SITE_OWNER)
        known = self._expected.get(identifier)
        if known is None or known.revision != revision:
            with pytest.raises(StaleWrite):
                self._uow.parties.update(identifier, party, revision=revision)
        else:
            stored = self._uow.parties.update(identifier, party, revision=revision)
            assert stored == Stored(party, revision + 1, known.created_at, self._uow.now)
            self._expected[identifier] = stored

    @rule(is_committed=st.booleans())
    def begin_another(self, *, is_committed: bool) -> None:
        assert self._uow is not None
        if is_committed:
            self._uow.commit()
            self._committed = dict(self._expected)
        self._end()
        self._expected = dict(self._committed)
        self._clock.advance_to(self._clock.now() + timedelta(seconds=1))
        self._begin()

    @invariant()
    def holds_what_the_dict_holds(self) -> None:
        assert self._uow is not None
        assert self._uow.parties.page() == [self._expected[each] for each in sorted(self._expected)]
        for identifier in ("a", "b"):
            assert self._uow.parties.get(identifier) == self._expected.get(identifier)

    def teardown(self) -> None:
        self._end()
        self._engine.dispose()
        self._folder.cleanup()


def test_a_repository_is_a_guarded_dict(migrated_sqlite: Path) -> None:
    class Machine(GuardedDict):
        migrated = migrated_sqlite

    run_state_machine_as_test(Machine, settings=settings(max_examples=30, deadline=None))
