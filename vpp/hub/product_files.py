"""Product profiles from files: one TOML file per version, and the baseline rules that it names."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vpp.foundation.errors import InvalidInput
from vpp.hub.product_faults import Fault, doubtful_values, odd_money, refused_fields, unusable_lengths
from vpp.portfolio.baseline_method import FirmLevel, NearestDays
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.portfolio.product import ProductProfile
from vpp.portfolio.product_fields import field_names


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
        InvalidInput: As `load_product_files`; the message names every fault of the file.
    """
    product, faults = read_product_file(path, rules)
    if product is None or faults:
        every = "; ".join(fault.message for fault in faults)
        raise InvalidInput(f"{path} is no product profile: {every}", file=str(path))
    return product


def read_product_file(
    path: Path, rules: Mapping[str, BaselineRule]
) -> tuple[ProductProfile | None, list[Fault]]:
    """Read a product profile and look for all that is wrong with it.

    Args:
        path: The file.
        rules: Baseline rules by name.

    Returns:
        The profile, None if it is none; and every fault, in the order of the file's groups as far as they
        have one.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        return None, [Fault("", f"the file cannot be read: {error.strerror}")]
    except UnicodeDecodeError as error:
        return None, [Fault("", f"the file is no TOML: {error}")]
    return _profile_of(text, rules)


def read_product_text(rules: Mapping[str, BaselineRule], text: str) -> ProductProfile:
    """Read the text of a product file that somebody proposes.

    Args:
        rules: Baseline rules by name.
        text: The file's content.

    Raises:
        InvalidInput: It is no product profile; the message names every fault.
    """
    product, faults = _profile_of(text, rules)
    if product is None or faults:
        every = "; ".join(fault.message for fault in faults)
        raise InvalidInput(f"document is no product profile: {every}", field="document")
    return product


def _profile_of(text: str, rules: Mapping[str, BaselineRule]) -> tuple[ProductProfile | None, list[Fault]]:
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also an integer of more digits than Python reads
        return None, [Fault("", f"the file is no TOML: {error}")]
    resolved, faults = with_rules(document, rules)
    faults += doubtful_values(document)
    try:
        product = ProductProfile.model_validate(resolved)
    except ValidationError as error:
        return None, sorted([*faults, *refused_fields(error)], key=_place)
    return product, sorted([*faults, *unusable_lengths(product), *odd_money(product)], key=_place)


def _place(fault: Fault) -> tuple[int, int]:
    """Return where a fault stands: what is about the whole comes last."""
    groups = list(ProductProfile.model_fields)
    names = list(field_names())
    group = fault.field.partition(".")[0]
    return (
        groups.index(group) if group in groups else len(groups),
        names.index(fault.field) if fault.field in names else len(names),
    )


def with_rules(
    document: Mapping[str, Any], rules: Mapping[str, BaselineRule]
) -> tuple[dict[str, Any], list[Fault]]:
    """Put baseline rules in place of the names that a product's file has for them.

    Returns:
        The document with the rules, and a fault for each name of no rule, or of one that needs what a hub is
        never told. Another rule stands in for an unknown one, so that the rest can be looked at.
    """
    named = document.get("baseline")
    if not isinstance(named, dict) or not isinstance(named.get("rule"), str):
        return dict(document), []  # refused by the profile, which says what it expects
    faults: list[Fault] = []

    def rule_of(name: object, field: str) -> BaselineRule | None:
        try:
            return _rule(rules, name, field)
        except InvalidInput as error:
            faults.append(Fault(field, str(error)))
            return None

    own = rule_of(named["rule"], "baseline.rule")
    others = named.get("alternatives", ())
    if not isinstance(others, list | tuple):
        return dict(document), []  # as above
    alternatives = [rule for name in others if (rule := rule_of(name, "baseline.alternatives")) is not None]
    if own is None:
        own, alternatives = next((each for each in rules.values() if _fits_any(each)), None), []
    if own is None:
        return dict(document), faults
    also = {
        rule.method.also_baseline_id: None
        for rule in (own, *alternatives)
        if isinstance(rule.method, FirmLevel) and rule.method.also_baseline_id is not None
    }
    for rule in (own, *alternatives):
        also.pop(rule.baseline_id, None)
    found = [rule for name in also if (rule := rule_of(name, "also_baseline_id")) is not None]
    resolved = {"rule": own, "alternatives": alternatives, "named": found}
    return {**document, "baseline": {**named, **resolved}}, faults


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


def _fits_any(rule: BaselineRule) -> bool:
    """Tell whether a rule could settle a product of either direction."""
    is_level = isinstance(rule.method, FirmLevel)
    is_split = rule.device is not None  # settles a product that says so alone
    odd = is_level or is_split or rule.looks_past_start or rule.adjustment is not None
    return not (odd or _lacking(rule))


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
