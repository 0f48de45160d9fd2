"""The command line starts fast: what loads slowly is imported by the command that needs it."""

import subprocess
import sys

HEAVY = ("matplotlib", "pandas", "pyomo", "scipy", "statsmodels")


def test_nothing_heavy_is_imported_before_a_command_is_known() -> None:
    program = f"import sys, vpp.cli.main; print([name for name in {HEAVY!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"
