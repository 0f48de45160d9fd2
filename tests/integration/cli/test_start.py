"""The command line starts fast: what loads slowly is imported by the command that needs it."""

import subprocess
import sys

HEAVY = ("matplotlib", "pandas", "pyomo", "scipy", "statsmodels")
DRIVERS = ("bacpypes3", "httpx", "kubernetes", "paho", "pymodbus", "pysnmp", "redfish", "sunspec2")


def test_nothing_heavy_is_imported_before_a_command_is_known() -> None:
    program = f"import sys, vpp.cli.main; print([name for name in {HEAVY!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"


def test_a_drivers_library_is_imported_only_by_a_site_that_has_such_devices() -> None:
    program = (
        "import sys, vpp.cli.site_driver, vpp.agent.equipment, vpp.agent.equipment_check; "
        f"print([name for name in {DRIVERS!r} if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"


def test_a_statement_is_proved_without_what_only_a_hub_needs() -> None:
    program = (
        "import sys, vpp.settlement.bundle, vpp.settlement.verification, vpp.settlement.explanation; "
        "print([name for name in ('grpc', 'sqlalchemy', 'vpp.storage', 'vpp.rpc', 'vpp.workflows') "
        "if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"
