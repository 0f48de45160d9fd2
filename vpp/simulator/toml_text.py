"""Writes nested tables as TOML text; the standard library only reads it."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from vpp.foundation.errors import InvalidInput


def toml_text(document: Mapping[str, object]) -> str:
    """Write a document of tables.

    Args:
        document: Text, numbers, truth values, aware instants, paths, lists of these, and tables
            of them; a list of tables becomes an array of tables. None is left out.

    Raises:
        InvalidInput: A value has another type.

    Example:
        >>> print(toml_text({"site": {"site_id": "a", "speeds": [{"factor": 2.0}]}}))
        [site]
        site_id = "a"
        <BLANKLINE>
        [[site.speeds]]
        factor = 2.0
        <BLANKLINE>
    """
    return "\n".join(_lines(document, ())) + "\n"


def _lines(table: Mapping[str, object], path: tuple[str, ...]) -> list[str]:
    lines: list[str] = []
    nested: list[str] = []
    for key, value in table.items():
        if value is None:
            continue
        inside = (*path, key)
        if isinstance(value, Mapping):
            nested += ["", f"[{'.'.join(inside)}]", *_lines(value, inside)]
        elif isinstance(value, list | tuple) and value and all(isinstance(each, Mapping) for each in value):
            for each in value:
                nested += ["", f"[[{'.'.join(inside)}]]", *_lines(each, inside)]
        else:
            lines.append(f"{key} = {_scalar(value, '.'.join(inside))}")
    return [*lines, *nested] if lines or path else nested[1:]


def _scalar(value: object, where: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str | Path):
        return json.dumps(str(value), ensure_ascii=False)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"[{', '.join(_scalar(each, where) for each in value)}]"
    raise InvalidInput(
        f"{where} is {value!r}, expected text, number, truth value, instant or list", key=where
    )
