"""Product profiles from files: one TOML file per version, and the baseline rules that it names."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vpp.foundation.errors import InvalidInput
from vpp.portfolio.baseline_method import FirmLevel, NearestDays
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.portfolio.product import ProductProfile


def load_product_files(directory: Path, rules: Mapping[str, BaselineRule]) -> list[ProductProfile]:
    """Read every product profile of a folder, in order of file name.

    Args:
        directory: Folder of the product profiles.
        rules: Baseline rules by name; a profile names the ones that it is settled by, and holds them
            whole from then on.

    Raises:
        InvalidInput: The folder does not exist, or a file is no product profile, or it names a rule
            that is unknown, cannot be told before delivery, or needs what a hub is never told; names
            the file.
    """
    if not directory.is_dir():
        raise InvalidInput(f"product_directory {directory} does not exist", product_directory=str(directory))
    return [load_product_file(path, rules) for path in sorted(directory.glob("*.toml"))]


def load_product_file(path: Path, rules: Mapping[str, BaselineRule]) -> ProductProfile:
    """Read one product profile.

    Raises:
        InvalidInput: As `load_product_files`.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        return ProductProfile.model_validate(with_rules(document, rules))
    except (ValidationError, InvalidInput, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} is no product profile: {error}", file=str(path)) from error


def with_rules(document: Mapping[str, Any], rules: Mapping[str, BaselineRule]) -> dict[str, Any]:
    """Put baseline rules in place of the names that a product's file has for them.

    Raises:
        InvalidInput: A name is of no rule, or of one that needs what a hub is never told.
    """
    named = document.get("baseline")
    if not isinstance(named, dict) or not isinstance(named.get("rule"), str):
        return dict(document)  # refused by the profile, which says what it expects
    own = _rule(rules, named["rule"], "baseline.rule")
    alternatives = [_rule(rules, name, "baseline.alternatives") for name in named.get("alternatives", ())]
    also = {
        rule.method.also_baseline_id: None
        for rule in (own, *alternatives)
        if isinstance(rule.method, FirmLevel) and rule.method.also_baseline_id is not None
    }
    for rule in (own, *alternatives):
        also.pop(rule.baseline_id, None)
    resolved = {
        "rule": own,
        "alternatives": alternatives,
        "named": [_rule(rules, name, "also_baseline_id") for name in also],
    }
    return {**document, "baseline": {**named, **resolved}}


def _rule(rules: Mapping[str, BaselineRule], name: object, field: str) -> BaselineRule:
    if not isinstance(name, str) or name not in rules:
        known = ", ".join(sorted(rules)) or "none"
        raise InvalidInput(f"{field} is {name!r}, expected one of: {known}", field=field, value=str(name))
    rule = rules[name]
    lacking = _lacking(rule)
    if lacking is not None:
        raise InvalidInput(
            f"{field} is {name!r}, which needs {lacking}; a hub is not told that, so no site could be paid",
            field=field,
            value=name,
        )
    return rule


def _lacking(rule: BaselineRule) -> str | None:
    """Return what a rule needs and a hub is never told; None where it needs nothing of the kind."""
    method = rule.method
    if rule.device is not None:
        return "a meter of storage and generation alone"
    if isinstance(method, FirmLevel) and method.basis != "max_base_load":
        level = "a nominated level" if method.basis == "nominated_kw" else "the market's peak hours"
        return f"{level} of each site"
    if isinstance(method, NearestDays) and method.by == "temperature":
        return "temperatures"
    return None
