from vpp.workflows.packed_files import PackedFiles

FILES = {"a.csv": b"1,2\r\n" * 1000, "b.json": b"\x00\xff"}


def test_files_come_back_byte_for_byte() -> None:
    packed = PackedFiles.of(FILES)
    assert packed == FILES
    assert list(packed) == ["a.csv", "b.json"]
    assert len(packed) == len(FILES)
    assert len(packed.packed["a.csv"]) < len(FILES["a.csv"]) / 50


def test_what_is_packed_is_not_packed_again() -> None:
    packed = PackedFiles.of(FILES)
    assert PackedFiles.of(packed) is packed
    assert PackedFiles(packed.packed) == FILES
