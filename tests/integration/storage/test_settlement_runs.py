"""Settlement runs and the evidence that each found."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from vpp.foundation.errors import AlreadyExists, InvalidInput
from vpp.settlement.run_type import RunType
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.settlement_records import EvidenceRecord, RunRecord

PERIOD = "2026-10"
AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
FIRST = RunRecord(
    run_id="run-2026-10-1",
    period=PERIOD,
    number=1,
    run_type=RunType.INITIAL,
    as_of=AT,
    evidence_digest="a" * 64,
    code_version="test",
    actor="officer",
    entry_count=3,
    statement_ids=(),
    created_at=AT,
    notes=("a meter was silent",),
    terms=b'{"run":{}}',
)
SECOND = replace(FIRST, run_id="run-2026-10-2", number=2, run_type=RunType.RECALC, terms=b"", notes=())


def found(site_id: str, run_number: int, text: str) -> EvidenceRecord:
    document = text.encode()
    return EvidenceRecord("evening", site_id, PERIOD, run_number, text and f"digest of {text}", document)


@pytest.fixture
def kept(seeded: UnitOfWorkFactory) -> UnitOfWorkFactory:
    with seeded() as uow:
        uow.settlement_runs.add(FIRST)
        uow.settlement_runs.add_evidence(
            [found("north-1", 1, "one"), found("north-2", 1, "two"), found("north-3", 1, "three")]
        )
        uow.settlement_runs.add(SECOND)
        uow.settlement_runs.add_evidence([found("north-2", 2, "two, corrected"), found("north-3", 2, "")])
        uow.commit()
    return seeded


def test_runs_come_back_as_they_were(kept: UnitOfWorkFactory) -> None:
    with kept(write=False) as uow:
        assert uow.settlement_runs.get("run-2026-10-1") == FIRST
        assert uow.settlement_runs.get("run-2026-10-3") is None
        assert uow.settlement_runs.of_period(PERIOD) == [FIRST, SECOND]
        assert uow.settlement_runs.of_period("2026-11") == []
        assert uow.settlement_runs.periods() == [PERIOD]


def test_evidence_is_what_the_newest_run_found(kept: UnitOfWorkFactory) -> None:
    with kept(write=False) as uow:
        runs = uow.settlement_runs
        newest = [found("north-1", 1, "one"), found("north-2", 2, "two, corrected")]
        assert list(runs.evidence(PERIOD)) == newest
        assert [one.document for one in runs.evidence(PERIOD, up_to_run=1)] == [b"one", b"two", b"three"]
        assert [one.site_id for one in runs.evidence(PERIOD, site_ids=["north-2"])] == ["north-2"]
        assert list(runs.evidence("2026-11")) == []
        assert runs.digests(PERIOD) == {
            ("evening", "north-1"): "digest of one",
            ("evening", "north-2"): "digest of two, corrected",
            ("evening", "north-3"): "",  # nothing to settle any more
        }


def test_evidence_is_kept_once_and_of_a_run(kept: UnitOfWorkFactory) -> None:
    with kept() as uow, pytest.raises(AlreadyExists):
        uow.settlement_runs.add_evidence([found("north-2", 2, "again")])
    with kept() as uow, pytest.raises(InvalidInput):
        uow.settlement_runs.add_evidence([found("north-2", 3, "of no run")])
