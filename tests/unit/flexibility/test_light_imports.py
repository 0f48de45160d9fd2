"""A site agent starts light: nothing of the hub and no heavy library comes with the models."""

import subprocess
import sys
from pathlib import Path

import vpp.flexibility

MODULES = sorted(path.stem for path in Path(vpp.flexibility.__path__[0]).glob("*.py"))
HEAVY = ("pandas", "pyomo", "statsmodels", "sqlalchemy", "pydantic", "grpc", "scipy")


def test_the_models_load_neither_the_hub_nor_heavy_libraries() -> None:
    imports = "\n".join(f"import vpp.flexibility.{module}" for module in MODULES if module != "__init__")
    program = f"import sys\n{imports}\nprint('\\n'.join(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()
    ours = {name for name in loaded if name.startswith("vpp.") and name.count(".") > 1}
    others = {name for name in ours if name.split(".")[1] not in {"flexibility", "foundation"}}
    assert others == {"vpp.baseline.civil_clock", "vpp.portfolio.day_kind"}  # civil time, without series
    assert [name for name in HEAVY if name in loaded] == []
