"""What is committed is logged with what it is about; what is not, is not."""

import logging

import pytest

from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.recording import audit


def write(units: UnitOfWorkFactory, *, commits: bool) -> None:
    with units() as uow:
        audit(uow, "operator", "cancel_event", "events/evening", reason="storm")
        audit(uow, "hub", "expire_instruction", "instructions/evening-m0-north-1")
        if commits:
            uow.commit()


def test_a_change_is_logged_after_its_commit(
    units: UnitOfWorkFactory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "vpp.audit")
    write(units, commits=False)
    assert caplog.records == []
    write(units, commits=True)
    (record,) = caplog.records
    assert record.getMessage() == "cancel_event events/evening by operator reason=storm"
    assert vars(record)["event"] == "events/evening"


def test_the_many_records_of_an_event_show_at_debug(
    units: UnitOfWorkFactory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "vpp.audit")
    write(units, commits=True)
    assert [vars(record).get("instruction") for record in caplog.records] == [
        None,
        "instructions/evening-m0-north-1",
    ]
