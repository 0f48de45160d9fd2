from collections.abc import Callable
from pathlib import Path

import pytest
from support.plant_meter import plant_load, write_meter

from vpp.cli.exit_codes import ExitCode
from vpp.cli.main import main


@pytest.fixture
def meter(tmp_path: Path) -> Path:
    return write_meter(tmp_path / "meter.csv", {"plant": plant_load()})


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run `vpp baseline`, expecting an exit code, and return what it printed."""

    def _run(*arguments: object, code: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            main(["baseline", *map(str, arguments)])
        printed = capsys.readouterr()
        assert (ended.value.code or 0) == code, printed
        if code == ExitCode.USAGE:  # these stand in a frame that breaks them anywhere
            return " ".join(printed.err.replace("\N{BOX DRAWINGS LIGHT VERTICAL}", " ").split())
        return printed.out if code in {ExitCode.OK, ExitCode.NOT_SO} else printed.err

    return _run
