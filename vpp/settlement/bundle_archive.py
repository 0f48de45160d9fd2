"""Files in one ZIP file: the same files give the same bytes, and what comes from anybody is read with care.

The archive holds `bundle.json`, which names every other file with its SHA-256 and length. Nothing is ever
written to a disk by its name in the archive; names that point elsewhere are refused all the same, as are
archives that hold what `bundle.json` does not name, more files or more bytes than a bundle can have.
"""

import hashlib
import io
import json
import re
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

from vpp.foundation.errors import InvalidInput

INDEX = "bundle.json"
MAX_FILES = 2000
MAX_BYTES = 2 * 1024**3
"""Of all files together, unpacked: an operator's month of a thousand sites has a quarter of it."""
MAX_INDEX_BYTES = 4 * 1024**2
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first instant that ZIP knows; the time of packing says nothing about the content."""
_READ_ONLY = 0o100444 << 16


def pack(files: Mapping[str, bytes], index: Mapping[str, Any]) -> bytes:
    """Pack files into an archive.

    Args:
        files: Content by name.
        index: What `bundle.json` says beside the list of files.

    Returns:
        Bytes of a ZIP file, the same for the same files and index.

    Raises:
        InvalidInput: A name is not one that can be read back.
    """
    listed = []
    for name in sorted(files):
        _check_name(name)
        digest = hashlib.sha256(files[name]).hexdigest()
        listed.append({"name": name, "sha256": digest, "byte_count": len(files[name])})
    text = json.dumps({**index, "files": listed}, ensure_ascii=False, indent=1, sort_keys=True)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in [(INDEX, f"{text}\n".encode()), *sorted(files.items())]:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, _READ_ONLY  # the same on every system
            archive.writestr(entry, content)
    return packed.getvalue()


def unpack(
    archive_bytes: bytes, *, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Read an archive back; every file is checked against `bundle.json`.

    Args:
        archive_bytes: What `pack` made, or what somebody says it made.
        max_files: Most files that are read.
        max_bytes: Most bytes of all files together, unpacked.

    Returns:
        Content by name, and what `bundle.json` says.

    Raises:
        InvalidInput: It is no archive of this kind, or a file is not the one that was packed.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive_bytes)) as archive:
            entries = _checked(archive.infolist(), max_files, max_bytes)
            index = _index(archive.read(entries.pop(INDEX)))
            # The declared size bounds what is read of an entry, so a lying one ends in a wrong checksum.
            files = {name: archive.read(entry) for name, entry in entries.items()}
    except (
        *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError),
        *(RuntimeError, OSError, ValueError),  # encrypted; offsets that point before the file
    ) as error:
        raise InvalidInput(f"bundle is no ZIP file that can be read: {error}") from error
    _check_files(files, index)
    return files, index


def _checked(entries: list[zipfile.ZipInfo], max_files: int, max_bytes: int) -> dict[str, zipfile.ZipInfo]:
    """Refuse archives whose entries are not those of a bundle, before any is read."""
    if len(entries) > max_files:
        raise InvalidInput(f"bundle has {len(entries)} files, expected at most {max_files}")
    total = sum(entry.file_size for entry in entries)
    if total > max_bytes:
        raise InvalidInput(f"bundle unpacks to {total} bytes, expected at most {max_bytes}")
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        _check_name(entry.filename)
        if entry.filename in found:
            raise InvalidInput(f"bundle has {entry.filename} twice", file=entry.filename)
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise InvalidInput(
                f"bundle has {entry.filename} compressed by method {entry.compress_type}, expected deflate",
                file=entry.filename,
            )
        found[entry.filename] = entry
    if INDEX not in found:
        raise InvalidInput(f"bundle has no {INDEX}")
    if found[INDEX].file_size > MAX_INDEX_BYTES:
        raise InvalidInput(f"{INDEX} has {found[INDEX].file_size} bytes, expected at most {MAX_INDEX_BYTES}")
    return found


def _check_name(name: str) -> None:
    """Refuse a name that could mean a place outside a folder."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"bundle has a file {name!r}, expected names of letters, digits, dots, hyphens and underscores, "
            "with / between folders",
            file=name,
        )


def _index(content: bytes) -> dict[str, Any]:
    try:
        index = json.loads(content.decode())
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InvalidInput(f"{INDEX} is not UTF-8 JSON: {error}") from error
    if not isinstance(index, dict) or not isinstance(index.get("files"), list):
        raise InvalidInput(f"{INDEX} does not list the bundle's files")
    return index


def _check_files(files: Mapping[str, bytes], index: Mapping[str, Any]) -> None:
    """Hold every file against the list, and the list against the files."""
    listed: dict[str, str] = {}
    for item in index["files"]:
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            raise InvalidInput(f"{INDEX} lists {item!r}, expected name, sha256 and byte_count")
        listed[item["name"]] = str(item.get("sha256"))
    for name in sorted(files.keys() ^ listed.keys()):
        what = "is not named in" if name in files else "is missing, named in"
        raise InvalidInput(f"{name} {what} {INDEX}", file=name)
    for name, content in files.items():
        digest = hashlib.sha256(content).hexdigest()
        if digest != listed[name]:
            raise InvalidInput(f"sha256 of {name} is {digest}, {INDEX} says {listed[name]}", file=name)
