"""Suspended principals and revoked certificates on both databases, and the way back to an older hub."""

import pytest
from sqlalchemy import Engine, inspect

from vpp.foundation.clock import ManualClock
from vpp.storage.migrate import current_revision, downgrade, migrate
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.access_records import Barred, CertificateRevocation, PrincipalStanding
from vpp.workflows.ports import UnitOfWorkFactory

LOST = PrincipalStanding("agent-a", is_suspended=True, reason="laptop “lost”", decided_by="anna")
FOUND = PrincipalStanding("agent-b", is_suspended=False, reason="found", decided_by="anna")
STOLEN = CertificateRevocation("f0" * 20, "stolen", "anna")


def bar(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.standings.add("agent-a", LOST)
        uow.standings.add("agent-b", FOUND)
        uow.revocations.add(STOLEN.revocation_id, STOLEN)
        uow.commit()


def test_what_is_kept_comes_back(units: UnitOfWorkFactory) -> None:
    bar(units)
    with units(write=False) as uow:
        assert {one.value for one in uow.standings.page()} == {LOST, FOUND}
        assert [one.value for one in uow.revocations.page()] == [STOLEN]
        assert uow.barred.all() == Barred(frozenset({"agent-a"}), frozenset({"f0" * 20}))


def test_an_older_hub_would_let_them_in_so_there_is_no_way_back(
    empty_engine: Engine, clock: ManualClock
) -> None:
    migrate(empty_engine)
    units = SqlUnitOfWorkFactory(empty_engine, clock)
    bar(units)
    with pytest.raises(ValueError, match="1 principals are suspended and 1 certificates revoked"):
        downgrade(empty_engine, "0014")
    assert current_revision(empty_engine) == "0016"
    with units(write=False) as uow:  # nothing was lost on the way
        assert uow.barred.all() == Barred(frozenset({"agent-a"}), frozenset({"f0" * 20}))


def test_with_nobody_barred_the_way_back_is_open(empty_engine: Engine, clock: ManualClock) -> None:
    migrate(empty_engine)
    units = SqlUnitOfWorkFactory(empty_engine, clock)
    with units() as uow:
        uow.standings.add("agent-b", FOUND)
        uow.commit()
    downgrade(empty_engine, "0014")
    assert "principal_standings" not in inspect(empty_engine).get_table_names()
    migrate(empty_engine)
    with units(write=False) as uow:
        assert uow.barred.all() == Barred()
