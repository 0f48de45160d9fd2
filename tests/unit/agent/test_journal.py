from pathlib import Path

import pytest

from vpp.agent.journal import Journal
from vpp.foundation.errors import InvalidInput


def test_what_was_appended_is_found_in_order(tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as journal:
        journal.append({"kind": "a", "n": 1})
        journal.append({"kind": "b"})
        journal.sync()
    with Journal(tmp_path / "j") as journal:
        assert journal.entries() == [{"kind": "a", "n": 1}, {"kind": "b"}]


def test_a_torn_last_line_is_cut_off_and_the_next_entry_stands_alone(tmp_path: Path) -> None:
    (tmp_path / "j").write_bytes(b'{"kind":"a"}\n{"kind":"b","n')
    with Journal(tmp_path / "j") as journal:
        journal.append({"kind": "c"})
        assert [entry["kind"] for entry in journal.entries()] == ["a", "c"]


@pytest.mark.parametrize("damage", [b"not json\n", b"[1]\n", b'{"n":1}\n'])
def test_damage_elsewhere_is_refused(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "j").write_bytes(b'{"kind":"a"}\n' + damage + b'{"kind":"b"}\n')
    with Journal(tmp_path / "j") as journal, pytest.raises(InvalidInput, match="damaged in line 2"):
        journal.entries()


def test_compaction_replaces_everything_and_appending_goes_on(tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as journal:
        journal.append({"kind": "a"})
        journal.compact([{"kind": "snapshot"}])
        journal.append({"kind": "b"})
        assert [entry["kind"] for entry in journal.entries()] == ["snapshot", "b"]


def test_a_value_that_json_does_not_know_is_refused_before_it_is_written(tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as journal:
        with pytest.raises(ValueError, match="JSON"):
            journal.append({"kind": "a", "kw": float("nan")})
        assert journal.entries() == []
