"""Green certificates on both databases, which refuse a second use by themselves."""

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError

from vpp.foundation.errors import AlreadyExists, InvalidInput, StaleWrite
from vpp.settlement.green_certificate import GreenCertificate, GreenCertificateKind, GreenCertificateState
from vpp.storage.migrate import downgrade
from vpp.workflows.ports import UnitOfWorkFactory

HELD, ALLOCATED = GreenCertificateState.HELD, GreenCertificateState.ALLOCATED
RETIRED, WITHDRAWN = GreenCertificateState.RETIRED, GreenCertificateState.WITHDRAWN


def certificate(serial: str, **changes: object) -> GreenCertificate:
    day = date(2026, 3, 1)
    whole = GreenCertificate("rego", serial, "owner-1", GreenCertificateKind.WIND, day, day)
    return replace(whole, **changes)  # type: ignore[arg-type]  # fields of GreenCertificate


def used(serial: str, state: GreenCertificateState, period: str = "2026-03") -> GreenCertificate:
    return certificate(serial, state=state, site_id="north-1", period=period)


KEPT = [
    certificate("G2/b", last_day=date(2026, 3, 2)),
    certificate("G1", kind=GreenCertificateKind.OTHER, last_day=date(2026, 3, 2)),
    certificate("G9"),
    used("G3", ALLOCATED),
    used("G4", RETIRED),
    used("G5", RETIRED, "2026-04"),
    certificate("G6", state=WITHDRAWN),
    certificate("G7", party_id="grid"),
]


@pytest.fixture
def kept(seeded: UnitOfWorkFactory) -> UnitOfWorkFactory:
    with seeded() as uow:
        uow.green_certificates.add_all({one.certificate_id: one for one in KEPT})
        uow.commit()
    return seeded


def test_certificates_come_back_as_they_were(kept: UnitOfWorkFactory) -> None:
    with kept(write=False) as uow:
        assert {stored.value for stored in uow.green_certificates.page()} == set(KEPT)
        held = uow.green_certificates.held("owner-1", 10)
        assert [stored.value.serial for stored in held] == ["G9", "G1", "G2/b"]  # oldest, then by id
        assert [stored.value.serial for stored in uow.green_certificates.held("owner-1", 2)] == ["G9", "G1"]
        assert list(uow.green_certificates.used("north-1", "2026-03")) == ["rego-g3", "rego-g4"]
        assert uow.green_certificates.counts("north-1", "2026-03") == {ALLOCATED: 1, RETIRED: 1}
        assert uow.green_certificates.counts("north-1", "2026-05") == {}
        for where, count in (
            ({"party_id": "grid"}, 1),
            ({"site_id": "north-1"}, 3),
            ({"period": "2026-04"}, 1),
            ({"state": "held"}, 4),
        ):
            assert len(uow.green_certificates.page(where=where)) == count


def test_an_id_is_there_once(kept: UnitOfWorkFactory) -> None:
    again = certificate("g9", party_id="grid")
    with kept() as uow, pytest.raises(AlreadyExists):
        uow.green_certificates.add(again.certificate_id, again)
    with kept() as uow, pytest.raises(AlreadyExists):
        uow.green_certificates.add_all({again.certificate_id: again})
    with kept() as uow, pytest.raises(InvalidInput):
        uow.green_certificates.add("rego-g8", certificate("G8", party_id="nobody"))


def test_two_who_allocate_at_once_do_not_both(kept: UnitOfWorkFactory) -> None:
    with kept() as uow:
        stored = uow.green_certificates.get("rego-g9")
        assert stored is not None
        first, second = used("G9", ALLOCATED), used("G9", ALLOCATED, "2026-05")
        uow.green_certificates.update_all({"rego-g9": (first, stored.revision)})
        with pytest.raises(StaleWrite):
            uow.green_certificates.update_all({"rego-g9": (second, stored.revision)})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE green_certificates SET state = 'held', site_id = NULL, period = NULL WHERE serial = 'G4'",
        "UPDATE green_certificates SET period = '2026-05' WHERE serial = 'G4'",
        "UPDATE green_certificates SET period = '2026-05' WHERE serial = 'G3'",
        "UPDATE green_certificates SET state = 'retired', site_id = 'south-1' WHERE serial = 'G3'",
        "UPDATE green_certificates SET state = 'held' WHERE serial = 'G6'",
        "UPDATE green_certificates SET certificate_id = 'rego-g10' WHERE serial = 'G9'",
        "UPDATE green_certificates SET serial = 'G10' WHERE serial = 'G9'",
        "UPDATE green_certificates SET issuer = 'gec' WHERE serial = 'G9'",
        "UPDATE green_certificates SET party_id = 'grid' WHERE serial = 'G9'",
        "UPDATE green_certificates SET first_day = '2025-03-01' WHERE serial = 'G9'",
        "UPDATE green_certificates SET last_day = '2027-03-01' WHERE serial = 'G9'",
        "UPDATE green_certificates SET kind = 'solar' WHERE serial = 'G9'",
        "UPDATE green_certificates SET state = 'allocated' WHERE serial = 'G9'",
        "UPDATE green_certificates SET state = 'sold' WHERE serial = 'G9'",
        "UPDATE green_certificates SET period = '2026-05' WHERE serial = 'G9'",
        "DELETE FROM green_certificates WHERE serial = 'G9'",
        "DELETE FROM green_certificates WHERE serial = 'G4'",
    ],
)
def test_the_database_itself_refuses_a_second_use(
    kept: UnitOfWorkFactory, engine: Engine, statement: str
) -> None:
    with engine.connect() as connection, pytest.raises(DatabaseError, match=r"certificate|CHECK"):
        connection.execute(text(statement))
    with kept(write=False) as uow:
        assert {stored.value for stored in uow.green_certificates.page()} == set(KEPT)


def test_what_is_set_aside_may_be_taken_back_and_used_up(kept: UnitOfWorkFactory) -> None:
    with kept() as uow:
        stored = uow.green_certificates.get_all(["rego-g3", "rego-g9"])
        g3, g9 = stored["rego-g3"], stored["rego-g9"]
        uow.green_certificates.update_all(
            {"rego-g3": (used("G3", RETIRED), g3.revision), "rego-g9": (used("G9", ALLOCATED), g9.revision)}
        )
        uow.green_certificates.update_all({"rego-g9": (certificate("G9"), g9.revision + 1)})
        uow.commit()
    with kept(write=False) as uow:
        assert uow.green_certificates.counts("north-1", "2026-03") == {RETIRED: 2}


def test_going_back_is_refused_while_there_are_certificates(
    kept: UnitOfWorkFactory, engine: Engine, samples: SimpleNamespace
) -> None:
    del samples
    with pytest.raises(ValueError, match="8 certificates are there, expected none"):
        downgrade(engine, "0011")
    with kept(write=False) as uow:
        assert len(uow.green_certificates.page()) == len(KEPT)
