"""Every method has a line in the table of roles, and none of them gives anybody two hands on the money."""

import pytest
from google.protobuf import descriptor_pool

from vpp.rpc.roles import ALLOWED
from vpp.rpc.server import SERVICE_NAMES
from vpp.workflows.identity import CHANGES_READINGS, Role

METHODS = {
    f"/{service}/{method.name}": method
    for service in SERVICE_NAMES
    for method in descriptor_pool.Default().FindServiceByName(service).methods
}
READS = ("Get", "List", "Query", "Download", "Watch", "Verify", "Export")


def test_the_table_is_complete() -> None:
    assert set(ALLOWED) == set(METHODS)


def test_every_service_is_served() -> None:
    modules = (
        *("access", "audit", "auction", "baseline", "event", "green_certificate"),
        *("portfolio", "product_change", "session", "settlement", "telemetry"),
    )
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


CHANGES_READINGS_BY = ("TelemetryService/BackfillReadings", "SessionService/Connect")
IMPORTS_READINGS = "/vpp.v1.TelemetryService/ImportReadings"


def test_who_changes_readings_does_not_settle() -> None:
    changes_readings = frozenset().union(*(ALLOWED[f"/vpp.v1.{method}"] for method in CHANGES_READINGS_BY))
    assert changes_readings == {Role.SITE_AGENT}
    assert ALLOWED[IMPORTS_READINGS] == {Role.METER_DATA_MANAGER}
    assert changes_readings | ALLOWED[IMPORTS_READINGS] == CHANGES_READINGS
    services = ("/vpp.v1.SettlementService/", "/vpp.v1.GreenCertificateService/")
    settles = [method for method in ALLOWED if method.startswith(services)]
    assert not [method for method in settles if ALLOWED[method] & CHANGES_READINGS]


@pytest.mark.parametrize(
    "verb", ["Uphold", "Reject", "Approve", "CreateAdjustment", "CreateRuleCorrection", "RunSettlement"]
)
def test_settlement_staff_alone_decide_what_is_paid(verb: str) -> None:
    methods = [method for method in ALLOWED if method.startswith(f"/vpp.v1.SettlementService/{verb}")]
    assert methods
    assert {role for method in methods for role in ALLOWED[method]} == {Role.SETTLEMENT_OFFICER}
