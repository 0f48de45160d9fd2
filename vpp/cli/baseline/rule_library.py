"""The rules at hand: a folder of files, asked by name."""

import difflib
from collections.abc import Mapping
from pathlib import Path

from vpp.cli.rule_folder import rule_folder
from vpp.foundation.errors import NotFound
from vpp.hub.baseline_rule_files import load_rule_files
from vpp.portfolio.baseline_rule import BaselineRule


def read_rules(folder: Path | None) -> dict[str, BaselineRule]:
    """Read every rule of a folder.

    Args:
        folder: The folder; None for the rules that come with the project.

    Returns:
        Rules by id, in the order of their ids.

    Raises:
        NotFound: There is no such folder, or it holds no rule.
        InvalidInput: A file holds no rule; the message names file and field.
    """
    place = rule_folder() if folder is None else folder
    if not place.is_dir():
        raise NotFound(f"--rules {place} is no folder; check the path", path=str(place))
    rules = load_rule_files(place)
    if not rules:
        raise NotFound(f"{place} holds no rule, expected files ending in .toml", path=str(place))
    return dict(sorted(rules.items()))


def rule_named(rules: Mapping[str, BaselineRule], name: str) -> BaselineRule:
    """Return the rule of a name.

    Raises:
        NotFound: There is none; the message names those most like it.
    """
    if name in rules:
        return rules[name]
    near = difflib.get_close_matches(name, rules, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else "see `vpp baseline list`"
    raise NotFound(f"no baseline rule is named {name!r}; {hint}", baseline_id=name)
