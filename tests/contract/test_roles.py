"""Every method has a line in the table of roles, and none of them gives anybody two hands on the money."""

import pytest
from google.protobuf import descriptor_pool

from vpp.rpc.roles import ALLOWED
from vpp.rpc.server import SERVICE_NAMES
from vpp.workflows.identity import Role

METHODS = {
    f"/{service}/{method.name}": method
    for service in SERVICE_NAMES
    for method in descriptor_pool.Default().FindServiceByName(service).methods
}
READS = ("Get", "List", "Query", "Download", "Watch", "Verify")


def test_the_table_is_complete() -> None:
    assert set(ALLOWED) == set(METHODS)


def test_every_service_is_served() -> None:
    modules = ("auction", "baseline", "event", "portfolio", "session", "settlement", "telemetry")
    named = {
        service.full_name
        for module in modules
        for service in descriptor_pool.Default()
        .FindFileByName(f"vpp/v1/{module}.proto")
        .services_by_name.values()
    }
    assert named == set(SERVICE_NAMES)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_is_for_somebody(method: str) -> None:
    assert ALLOWED[method]


@pytest.mark.parametrize(
    "method", sorted(name for name in METHODS if not name.rpartition("/")[2].startswith(READS))
)
def test_auditors_change_nothing(method: str) -> None:
    assert Role.AUDITOR not in ALLOWED[method]


def test_who_changes_readings_does_not_settle() -> None:
    changes_readings = ALLOWED["/vpp.v1.TelemetryService/BackfillReadings"]
    changes_readings |= ALLOWED["/vpp.v1.SessionService/Connect"]
    assert changes_readings == {Role.SITE_AGENT}
    assert Role.SITE_AGENT not in ALLOWED["/vpp.v1.SettlementService/CreateDispute"]
