"""One table of the configuration, read into a model's parameters, with errors that name the key."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from vpp.foundation.errors import InvalidInput

P = TypeVar("P")
SWITCHES = (bool, "bool")
SPANS = (timedelta, "timedelta", timedelta | None, "timedelta | None")


def chosen(choices: Mapping[str, P], value: object, where: str) -> P:
    """Return what a word stands for.

    Raises:
        InvalidInput: It is none of the choices.

    Example:
        >>> chosen({"flex1": 0.1, "flex2": 0.25}, "flex4", "gpu.tier")
        Traceback (most recent call last):
        vpp.foundation.errors.InvalidInput: gpu.tier is 'flex4', expected one of flex1, flex2
    """
    if not isinstance(value, str) or value not in choices:
        raise InvalidInput(f"{where} is {value!r}, expected one of {', '.join(sorted(choices))}")
    return choices[value]


def parameters_of(cls: type[P], table: dict[str, Any], where: str) -> P:
    """Validate a table against a parameter class, refusing what it does not have.

    Args:
        cls: A dataclass of parameters.
        table: Its fields by name.
        where: The table's dotted path, for messages.

    Raises:
        InvalidInput: A key is unknown, missing or out of its range, or a duration is a bare number.
    """
    known = {field.name: field for field in fields(cls)}  # type: ignore[arg-type]  # every caller passes a dataclass
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise InvalidInput(f"{where} has unknown keys {', '.join(unknown)}", keys=", ".join(unknown))
    spans = {name for name, field in known.items() if field.type in SPANS}
    for name in spans & set(table):
        if isinstance(table[name], int | float):
            raise InvalidInput(f'{where}.{name} is {table[name]}, expected a duration such as "PT5M"')
    for name, value in table.items():
        is_switch = known[name].type in SWITCHES
        if is_switch and not isinstance(value, bool):
            raise InvalidInput(f"{where}.{name} is {value!r}, expected true or false")
        if isinstance(value, bool) and not is_switch:
            raise InvalidInput(f"{where}.{name} is {value}, expected a number, a text or a table")
    try:
        return TypeAdapter(cls).validate_python(table)
    except ValidationError as error:
        missing = [str(each["loc"][0]) for each in error.errors() if each["type"] == "missing"]
        if missing:
            raise InvalidInput(f"{where} lacks {', '.join(missing)}", keys=", ".join(missing)) from error
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"{where}.{name} is {first['input']!r}: {first['msg']}") from error
