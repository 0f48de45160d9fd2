from pathlib import Path

import pytest
from support.file_size import no_file_beyond

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


@pytest.mark.parametrize("room", [0, 1, 7])
def test_what_does_not_fit_on_the_disk_is_taken_back_whole(tmp_path: Path, room: int) -> None:
    path = tmp_path / "j"
    with Journal(path) as journal:
        journal.append({"kind": "a"})
        with no_file_beyond(path, room), pytest.raises(OSError, match="too large"):
            journal.append({"kind": "does not fit"})
        journal.append({"kind": "b"})
        assert [entry["kind"] for entry in journal.entries()] == ["a", "b"]


def test_a_journal_that_cannot_be_shortened_is_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with Journal(path) as journal:
        journal.append({"kind": "a"})
        with no_file_beyond(path), pytest.raises(OSError, match="too large"):
            journal.compact([{"kind": "longer than what was there"}])
        journal.append({"kind": "b"})
        assert [entry["kind"] for entry in journal.entries()] == ["a", "b"]
    assert [each.name for each in tmp_path.iterdir()] == ["j"]


def test_a_disk_that_failed_once_is_not_believed_until_all_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.symlink_to("/dev/null")  # takes everything, and cannot be waited for
    with Journal(path) as journal:
        journal.append({"kind": "a"})
        for message in ("Invalid argument", "may not be on the disk"):
            with pytest.raises(OSError, match=message):
                journal.sync()
        assert journal.is_doubtful
        journal.compact([{"kind": "a"}])
        journal.sync()
        assert not journal.is_doubtful
        journal.append({"kind": "b"})
        journal.sync()
    with Journal(path) as journal:
        assert [entry["kind"] for entry in journal.entries()] == ["a", "b"]
