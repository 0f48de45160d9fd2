from pathlib import Path

import pytest

from vpp.cli.auction.files import check_targets, read_document, to_bytes, write_all
from vpp.foundation.errors import InvalidInput, NotFound


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"book .*absent\.json does not exist; .*vpp auction generate"):
        read_document(tmp_path / "absent.json", "book")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is not JSON: Expecting value in line 1, column 1"),
        (b'{"a": 1,\n "b" 2}', "is not JSON: Expecting ':' delimiter in line 2, column 6"),
        (b'{"a": NaN}', "is not JSON: NaN is not a number"),
        (b'{"a": -Infinity}', "is not JSON: -Infinity is not a number"),
        (b"[1, 2]", "holds no JSON object but a list"),
        (b"\x89PNG\r\n", "is not text in UTF-8"),
        (b"[" * 100_000, "is not JSON"),
    ],
    ids=["empty", "broken", "nan", "infinity", "list", "binary", "deep"],
)
def test_what_is_no_document_is_named(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "book.json"
    path.write_bytes(content)
    with pytest.raises(InvalidInput) as error:
        read_document(path, "book")
    assert complaint in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_is_no_document(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read: Is a directory"):
        read_document(tmp_path, "result")


def test_a_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "book.json"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read_document(path, "book") == {"a": 1}


def test_nan_is_never_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_bytes({"a": float("nan")})


def test_targets_that_cannot_be_written_are_refused_early(tmp_path: Path) -> None:
    book = tmp_path / "book.json"
    book.touch()
    (tmp_path / "link.json").symlink_to(book)
    refused = {
        tmp_path / "absent" / "r.json": "there is no folder",
        tmp_path: "is not a plain file",
        Path("/dev/null"): "is not a plain file",
        book: "is also BOOK",
        tmp_path / "link.json": "is also BOOK",
    }
    for path, complaint in refused.items():
        with pytest.raises(InvalidInput, match=complaint):
            check_targets({"--out": path}, inputs={"BOOK": book})


def test_two_targets_are_two_files(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"--report .* is also --out"):
        check_targets({"--out": tmp_path / "a", "--report": tmp_path / "." / "a"}, inputs={})


def test_files_are_replaced_together_or_not_at_all(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    kept.write_bytes(b"old")
    with pytest.raises(InvalidInput, match=r"cannot be written: .*; what was there is unchanged"):
        write_all({kept: b"new", tmp_path / "absent" / "other": b"new"})
    assert kept.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["kept.json"]
    write_all({kept: b"new", tmp_path / "other": b"more"})
    assert (kept.read_bytes(), (tmp_path / "other").read_bytes()) == (b"new", b"more")
    assert len(list(tmp_path.iterdir())) == 2


def test_a_link_keeps_pointing(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    link.symlink_to(real)
    write_all({link: b"new"})
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
