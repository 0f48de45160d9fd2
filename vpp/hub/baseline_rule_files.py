"""Baseline rules from files: one TOML file per rule."""

import tomllib
from pathlib import Path

from pydantic import ValidationError

from vpp.foundation.errors import InvalidInput
from vpp.portfolio.baseline_method import FirmLevel
from vpp.portfolio.baseline_rule import BaselineRule


def load_rule_files(directory: Path) -> dict[str, BaselineRule]:
    """Read every baseline rule of a folder, by id, in order of file name.

    Raises:
        InvalidInput: The folder does not exist; a file is no rule, is not named after it, or names
            another rule that is not there. The message names the file.
    """
    if not directory.is_dir():
        raise InvalidInput(f"rule_directory {directory} does not exist", rule_directory=str(directory))
    rules = {path.stem: _load(path) for path in sorted(directory.glob("*.toml"))}
    for name, rule in rules.items():
        other = rule.method.also_baseline_id if isinstance(rule.method, FirmLevel) else None
        if other is not None and other not in rules:
            raise InvalidInput(
                f"{directory / name}.toml names the rule {other!r}, which is not in the folder",
                baseline=other,
            )
    return rules


def _load(path: Path) -> BaselineRule:
    try:
        rule = BaselineRule.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} is no baseline rule: {error}", file=str(path)) from error
    if rule.baseline_id != path.stem:
        raise InvalidInput(
            f"{path} holds the rule {rule.baseline_id!r}, expected the one that it is named after",
            file=str(path),
        )
    return rule
