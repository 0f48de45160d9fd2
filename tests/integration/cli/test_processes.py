from pathlib import Path

import pytest

from vpp.cli.demo.processes import ProgramRun, check_running, stop_all, wait_for_file
from vpp.foundation.errors import BrokenPromise


async def test_a_program_that_ends_is_named_with_its_log(tmp_path: Path) -> None:
    program = ProgramRun("help", ["--help"], tmp_path / "help.log")
    program.start()
    with pytest.raises(BrokenPromise, match="help ended with exit code 0; see "):
        await wait_for_file(tmp_path / "never", program, patience_s=30.0)
    assert "Usage: vpp" in program.log.read_text()
    with pytest.raises(BrokenPromise):
        check_running([program])


async def test_a_killed_program_is_down_and_stopping_it_is_no_error(tmp_path: Path) -> None:
    program = ProgramRun("help", ["--help"], tmp_path / "help.log")
    program.start()
    program.kill()
    assert not program.is_running
    assert program.exit_code == -9
    assert await stop_all([program]) == []
