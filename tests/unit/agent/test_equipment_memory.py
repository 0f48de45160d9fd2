"""A driver's memory as a file."""

from pathlib import Path

import pytest

from vpp.agent.equipment_memory import FileMemory
from vpp.foundation.errors import InvalidInput


def test_what_is_remembered_is_recalled_by_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "state" / "jobs.json"
    assert FileMemory(path).recall() == {}
    FileMemory(path).remember({"paused": ["17", "18"], "at": None})
    FileMemory(path).remember({"paused": ["18"]})
    assert FileMemory(path).recall() == {"paused": ["18"]}
    assert [each.name for each in path.parent.iterdir()] == ["jobs.json"], "nothing is left beside it"


@pytest.mark.parametrize("content", ["{", "[1]", "", "\x00\x00"])
def test_a_damaged_file_is_told_and_not_taken_for_nothing(tmp_path: Path, content: str) -> None:
    path = tmp_path / "jobs.json"
    path.write_text(content)
    with pytest.raises(InvalidInput, match=r"jobs\.json"):
        FileMemory(path).recall()


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "jobs.json"
    FileMemory(path).remember({"paused": ["17"]})
    with pytest.raises(ValueError, match="Out of range"):
        FileMemory(path).remember({"power_kw": float("nan")})
    assert FileMemory(path).recall() == {"paused": ["17"]}
