"""Records of before there was a chain are carried into it, and back."""

from datetime import UTC, datetime

from sqlalchemy import Engine, text

from vpp.foundation.clock import ManualClock
from vpp.storage.audit_check import check_audit
from vpp.storage.migrate import downgrade, migrate
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.recording import audit
from vpp.workflows.signing_heads import adopt_rows, sign_heads

AT = datetime(2026, 10, 26, 10, 0, 0, 123456, tzinfo=UTC)
RECORDS = [("hub", "clear", "events/evening", '{"bids": "2"}'), ("anna", "cancel", "events/ü", "{}")] * 700


def older_hub(engine: Engine) -> None:
    """A hub of before, with records and a party."""
    migrate(engine)
    downgrade(engine, "0012")
    at = "2026-10-26 10:00:00.123456" if engine.dialect.name == "sqlite" else AT
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO audit (at, actor, action, subject, detail) VALUES (:at, :a, :b, :c, :d)"),
            [
                {"at": at, "a": one, "b": action, "c": subject, "d": detail}
                for one, action, subject, detail in RECORDS
            ],
        )
        connection.execute(
            text("INSERT INTO parties VALUES ('grid', 'Grid', 'operator', 1, :at, :at)"), {"at": at}
        )


def records_of(engine: Engine) -> list[tuple[str, str, str, dict[str, str]]]:
    with SqlUnitOfWorkFactory(engine, ManualClock(AT))(write=False) as uow:
        records = uow.audit.page(limit=10_000)
    assert {record.at for record in records[: len(RECORDS)]} == {AT}
    return [(one.actor, one.action, one.subject, dict(one.detail)) for one in records]


def test_records_of_before_are_chained_and_go_back(empty_engine: Engine) -> None:
    older_hub(empty_engine)
    migrate(empty_engine)
    carried = records_of(empty_engine)
    assert len(carried) == len(RECORDS)
    assert carried[0] == ("hub", "clear", "events/evening", {"bids": "2"})
    with SqlUnitOfWorkFactory(empty_engine, ManualClock(AT))() as uow:
        audit(uow, "hub", "clear", "events/later")
        uow.commit()
    assert [str(fault) for fault in check_audit(empty_engine).faults] == [
        "parties/grid is there, and no entry tells of it"
    ]
    downgrade(empty_engine, "0012")
    with empty_engine.connect() as connection:
        rows = connection.execute(text("SELECT actor, action, subject FROM audit ORDER BY number")).all()
    assert [tuple(row) for row in rows] == [one[:3] for one in carried] + [("hub", "clear", "events/later")]
    migrate(empty_engine)
    assert records_of(empty_engine)[: len(RECORDS)] == carried


def test_rows_of_before_are_taken_up_once_and_covered_from_then_on(empty_engine: Engine) -> None:
    older_hub(empty_engine)
    migrate(empty_engine)
    units = SqlUnitOfWorkFactory(empty_engine, ManualClock(AT))
    assert (adopt_rows(units), adopt_rows(units)) == (1, 0)
    sign_heads(units, None)
    assert check_audit(empty_engine).faults == ()
    with empty_engine.begin() as connection:
        connection.execute(text("UPDATE parties SET display_name = 'Eve'"))
    (fault,) = check_audit(empty_engine).faults
    assert str(fault) == f"market entry {len(RECORDS) + 1}: parties/grid does not hold what was written then"
