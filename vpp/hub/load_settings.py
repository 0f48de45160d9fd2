"""Reads the settings: a TOML file, overridden by the environment; nothing misspelt gets through."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import NoneType
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsError,
    TomlConfigSettingsSource,
)

from vpp.foundation.errors import InvalidInput
from vpp.hub.settings import HubSettings

PREFIX = "VPP_HUB_"
"""The hub's own: agents and the operators' commands have `VPP_` variables of their own."""


def load_settings(config: Path) -> HubSettings:
    """Read the hub's settings.

    The environment goes before the file: `VPP_HUB_DATABASE__URL` sets `url` of `[database]`.

    Args:
        config: The TOML file.

    Raises:
        InvalidInput: The file is missing or malformed, a setting is unknown, missing or out of
            bounds, or the environment holds a `VPP_HUB_` variable that sets nothing.
    """
    if not config.is_file():
        raise InvalidInput(f"settings file {config} does not exist", config=str(config))
    refuse_unknown_variables(os.environ)

    class FromFile(HubSettings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            del dotenv_settings, file_secret_settings
            return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config)

    try:
        return FromFile(base_directory=config.resolve().parent)  # type: ignore[call-arg]  # the rest comes from the sources
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'settings'}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        )
        raise InvalidInput(
            f"{config}: {problems}", config=str(config)
        ) from None  # the cause would print secrets
    except (SettingsError, ValueError) as error:
        raise InvalidInput(f"{config}: {error}", config=str(config)) from error


def refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    """Refuse a `VPP_HUB_` variable that sets nothing: it is a misspelt one, and would be ignored.

    Raises:
        InvalidInput: There is one; names it.

    Example:
        >>> refuse_unknown_variables({"VPP_HUB_SERVER__PORT": "0", "HOME": "/"})
        >>> refuse_unknown_variables({"VPP_HUB_SERVER__PROT": "0"})
        Traceback (most recent call last):
        vpp.foundation.errors.InvalidInput: environment variable VPP_HUB_SERVER__PROT sets nothing
    """
    for variable in sorted(environment):
        path = variable.upper().removeprefix(PREFIX).lower().split("__")
        if variable.upper().startswith(PREFIX) and not _is_setting(HubSettings, path):
            raise InvalidInput(f"environment variable {variable} sets nothing", variable=variable)


def _is_setting(model: type[BaseModel], path: list[str]) -> bool:
    field = model.model_fields.get(path[0])
    if field is None:
        return False
    if len(path) == 1:
        return True
    kinds = get_args(field.annotation) or (field.annotation,)
    groups = [
        kind
        for kind in kinds
        if kind is not NoneType and isinstance(kind, type) and issubclass(kind, BaseModel)
    ]
    return any(_is_setting(group, path[1:]) for group in groups)
