"""Bundles' archives: the same bytes for the same files, and nothing that a stranger could slip in."""

import io
import json
import os
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.settlement.bundle_archive import INDEX, pack, unpack

FILES = {"terms.json": b"{}\n", "evidence.jsonl": b"a\nb\n", "statement/s_v1.csv": b"x" * 5000, "empty": b""}
KIND = {"kind": "test", "schema_version": 1}


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Make an archive as a stranger would."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def index_of(archive: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        found: dict[str, Any] = json.loads(opened.read(INDEX))
    return found


def refused(archive: bytes, **limits: int) -> str:
    with pytest.raises(InvalidInput) as caught:
        unpack(archive, **limits)
    return str(caught.value)


def test_any_single_bit_of_the_container_is_found_or_says_nothing() -> None:
    """Every 11th bit here, all of them with VPP_AUDIT_BITS=all: no flipped bit gives other files or facts.

    What is not found are fields of the ZIP format that nobody reads: times, versions, attributes, padding.
    """
    archive = pack(FILES, KIND)
    found, read = 0, unpack(archive)
    step = 1 if os.environ.get("VPP_AUDIT_BITS") == "all" else 11
    bits = range(0, len(archive) * 8, step)
    for bit in bits:
        flipped = bytearray(archive)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            assert unpack(bytes(flipped)) == read, bit
        except InvalidInput:
            found += 1
    assert found > len(bits) / 2


def test_files_come_back_as_they_were() -> None:
    files, index = unpack(pack(FILES, KIND))

    assert files == FILES
    assert index["kind"] == "test"
    assert [item["name"] for item in index["files"]] == sorted(FILES)


def test_the_same_files_give_the_same_bytes_in_any_order() -> None:
    backwards = dict(reversed(FILES.items()))

    assert pack(FILES, KIND) == pack(backwards, KIND)


@pytest.mark.parametrize(
    "name", ["../up", "/etc/passwd", "a/../b", "a\\b", "C:evil", ".hidden", "a//b", "a/", "a\nb", "名"]
)
def test_a_name_that_could_mean_another_place_is_neither_packed_nor_read(name: str) -> None:
    with pytest.raises(InvalidInput, match="bundle has a file"):
        pack({name: b""}, KIND)
    index = json.dumps({**KIND, "files": []}).encode()
    assert "bundle has a file" in refused(zipped({INDEX: index, name: b""}))


def test_a_changed_file_is_named() -> None:
    index = json.dumps(index_of(pack(FILES, KIND))).encode()

    said = refused(zipped({INDEX: index, **FILES, "evidence.jsonl": b"a\nc\n"}))

    assert said.startswith("sha256 of evidence.jsonl is ")


def test_a_file_too_many_and_one_too_few_are_named() -> None:
    index = json.dumps(index_of(pack(FILES, KIND))).encode()

    assert refused(zipped({INDEX: index, **FILES, "more": b""})) == f"more is not named in {INDEX}"
    fewer = {name: content for name, content in FILES.items() if name != "terms.json"}
    assert refused(zipped({INDEX: index, **fewer})) == f"terms.json is missing, named in {INDEX}"


def test_a_file_that_is_there_twice_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(INDEX, json.dumps(index_of(pack(FILES, KIND))))
        archive.writestr("terms.json", b"{}\n")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("terms.json", b"[]\n")

    assert refused(packed.getvalue()) == "bundle has terms.json twice"


def test_an_archive_that_would_unpack_to_too_much_is_not_unpacked() -> None:
    bomb = zipped({INDEX: b"{}", "zeros": bytes(2_000_000)})
    assert len(bomb) < 5000

    assert refused(bomb, max_bytes=1_000_000) == "bundle unpacks to 2000002 bytes, expected at most 1000000"


def test_an_archive_of_too_many_files_is_refused() -> None:
    assert refused(pack(FILES, KIND), max_files=3) == "bundle has 5 files, expected at most 3"


def test_an_entry_that_declares_less_than_it_holds_is_refused() -> None:
    """What the directory says is what is read at most; what is there beyond it does not fit the checksum."""
    honest = zipped({INDEX: json.dumps({**KIND, "files": []}).encode(), "zeros": bytes(100_000)})
    size = (100_000).to_bytes(4, "little")
    lying = honest.replace(size, (10).to_bytes(4, "little"))
    assert lying != honest

    assert refused(lying).startswith("bundle is no ZIP file that can be read")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no ZIP file"),
        (b"not a zip", "no ZIP file"),
        (pack(FILES, KIND)[:-40], "no ZIP file"),
        (pack(FILES, KIND)[:-6] + b"\xff\xff\xff\x7f\0\0", "no ZIP file"),  # a directory before the file
        (zipped({INDEX: b"{}"}, zipfile.ZIP_LZMA), "compressed by method 14, expected deflate"),
        (zipped({"terms.json": b"{}"}), f"bundle has no {INDEX}"),
        (zipped({INDEX: b"\xff"}), f"{INDEX} is not UTF-8 JSON"),
        (zipped({INDEX: b"[" * 100_000}), f"{INDEX} is not UTF-8 JSON"),
        (zipped({INDEX: b"[]"}), "does not list"),
        (zipped({INDEX: b'{"files": 3}'}), "does not list"),
        (zipped({INDEX: b'{"files": [3]}'}), "lists 3, expected name"),
        (zipped({INDEX: b" " * (4 * 1024**2 + 1)}), "bytes, expected at most"),
    ],
)
def test_what_is_no_bundle_is_refused_with_a_reason(content: bytes, said: str) -> None:
    assert said in refused(content)
