"""Books and results on disk: read with a plain complaint, written whole or not at all."""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from vpp.foundation.errors import InvalidInput, NotFound

_MAKE_ONE = {
    "book": "make a book with `vpp auction generate` or `vpp auction import-dfs`",
    "result": "make a result with `vpp auction clear`",
}


def read_document(path: Path, what: str) -> Mapping[str, Any]:
    """Read a JSON file that holds one object.

    Args:
        path: The file, UTF-8.
        what: `book` or `result`: what it should hold, for the complaint.

    Returns:
        The object.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It cannot be read, is not JSON, has NaN or infinity in it, or is no object.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise NotFound(
            f"{what} {path} does not exist; check the path, or {_MAKE_ONE[what]}", path=str(path)
        ) from None
    except OSError as error:
        raise InvalidInput(f"{what} {path} cannot be read: {error.strerror}", path=str(path)) from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{what} {path} is not text in UTF-8; {_MAKE_ONE[what]}", path=str(path)) from None
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise InvalidInput(
            f"{what} {path} is not JSON: {error.msg} in line {error.lineno}, column {error.colno}; "
            f"mend it there, or {_MAKE_ONE[what]}",
            path=str(path),
        ) from None
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{what} {path} is not JSON: {error}", path=str(path)) from None
    if not isinstance(document, dict):
        raise InvalidInput(
            f"{what} {path} holds no JSON object but a {type(document).__name__}; {_MAKE_ONE[what]}",
            path=str(path),
        )
    return document


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")


def to_bytes(document: Mapping[str, Any]) -> bytes:
    """Write a document as JSON, without spaces: large results stay small and quick to write."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return f"{text}\n".encode()


def check_targets(targets: Mapping[str, Path], *, inputs: Mapping[str, Path]) -> None:
    """Refuse targets that cannot be written, before any work is done for them.

    Args:
        targets: Files to be written, by the option that names each.
        inputs: Files that are read, by the argument that names each; none may be a target.

    Raises:
        InvalidInput: A folder is missing or closed, a target is no plain file, or two names mean
            one file.
    """
    seen = {path.resolve(): argument for argument, path in inputs.items()}
    for option, path in targets.items():
        place = path.resolve()
        if place in seen:
            raise InvalidInput(
                f"{option} {path} is also {seen[place]}; choose another file name", path=str(path)
            )
        seen[place] = option
        if place.exists() and not place.is_file():
            raise InvalidInput(
                f"{option} {path} is not a plain file; choose another file name", path=str(path)
            )
        if not place.parent.is_dir():
            raise InvalidInput(
                f"{option} {path} cannot be written: there is no folder {path.parent}; make it first",
                path=str(path),
            )
        if not os.access(place.parent, os.W_OK):
            raise InvalidInput(
                f"{option} {path} cannot be written: {path.parent} is closed to you; choose another folder",
                path=str(path),
            )


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Write files whole: none takes its place before all lie on the disk.

    Args:
        contents: What to write, by file; files of these names are replaced.

    Raises:
        InvalidInput: The disk refuses; files that were there are as they were.
    """
    parts: dict[Path, Path] = {}
    path = Path()
    try:
        for path, content in contents.items():
            place = path.resolve()  # a link keeps pointing where it points
            part = parts[place] = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
            with part.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for path, place in zip(contents, parts, strict=True):  # noqa: B007  the complaint names it
            parts[place].replace(place)
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be written: {error.strerror}; what was there is unchanged", path=str(path)
        ) from None
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
