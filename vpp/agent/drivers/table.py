"""How a driver reads its own table of the configuration: strictly, naming what is wrong."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError

from vpp.agent.table import Table
from vpp.foundation.errors import InvalidInput

T = TypeVar("T", bound=BaseModel)
SECRET_WORDS = ("password", "phrase", "secret", "token", "community", "authentication", "privacy", "api_key")


class DriverTable(Table):
    """Base of every driver's table: frozen, and unknown keys are refused."""


def read_table(model: type[T], table: Mapping[str, object], where: str) -> T:
    """Validate a table of the configuration.

    Args:
        model: What it must look like.
        table: The table as read.
        where: Its name, for the message.

    Raises:
        InvalidInput: Something is wrong; the message names every field that is.

    Example:
        >>> class Peer(DriverTable):
        ...     port: int
        >>> read_table(Peer, {"prt": 502}, "driver.devices.bess")
        Traceback (most recent call last):
        vpp.foundation.errors.InvalidInput: driver.devices.bess.port: Field required; \
driver.devices.bess.prt is 502: Extra inputs are not permitted
    """
    try:
        return model.model_validate(table)
    except ValidationError as error:
        raise InvalidInput("; ".join(_said(each, where) for each in error.errors()), table=where) from error


def _said(error: Any, where: str) -> str:  # noqa: ANN401  pydantic's own dictionary, typed as it pleases
    name = ".".join((where, *(str(part) for part in error["loc"])))
    is_told = error["type"] != "missing" and not isinstance(error["input"], Mapping)
    # A secret that was written into the table by mistake must not go on into logs.
    is_secret = any(word in str(error["loc"][-1:]).lower() for word in SECRET_WORDS)
    value = f" is {'...' if is_secret else error['input']}" if is_told else ""
    return f"{name}{value}: {error['msg']}"


def read_file(model: type[T], path: Path, where: str) -> T:
    """Read a TOML file that a driver's table names, such as a register map.

    Raises:
        InvalidInput: The file cannot be read, or something in it is wrong.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput(f"{where} {path} cannot be read: {error}", file=str(path)) from error
    return read_table(model, table, str(path))


def read_secret(folder: Path, file: Path | None, environment: str | None, where: str) -> SecretStr | None:
    """Read a password or community from a file or an environment variable; None if neither is given.

    Args:
        folder: Relative paths start there.
        file: File that holds it.
        environment: Environment variable that holds it instead.
        where: What it is for, for the message.

    Raises:
        InvalidInput: Both are given, or what is given is missing or empty.
    """
    if file is not None and environment is not None:
        raise InvalidInput(f"{where} is given by a file and by an environment variable, expected one")
    if file is not None:
        try:
            value = (folder / file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"{where}: file {folder / file} cannot be read: {error}") from error
    elif environment is not None:
        value = os.environ.get(environment, "")
    else:
        return None
    if not value:
        raise InvalidInput(f"{where}: {file or environment} is empty")
    return SecretStr(value)
