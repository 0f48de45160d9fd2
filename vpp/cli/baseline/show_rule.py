"""`vpp baseline show`: one rule, every value, and where it comes from."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from vpp.cli.baseline.rule_library import read_rules, rule_named
from vpp.cli.baseline.rule_words import (
    adjustment_words,
    days_words,
    length,
    method_words,
    shortage_words,
    unverified_words,
)
from vpp.cli.output import fields_table, to_json
from vpp.portfolio.baseline_rule import BaselineRule

_TAGS = {
    "P": "published by the authority",
    "S": "reported by others",
    "D": "our own design",
    "C": "computed",
    "M": "from memory",
}


def show_rule(folder: Path | None, name: str, *, as_json: bool) -> None:
    """Print one rule.

    Args:
        folder: The folder of rules; None for those that come with the project.
        name: The rule's id.
        as_json: Print the whole rule as JSON instead of a table.

    Raises:
        NotFound: There is no such folder or rule.
        InvalidInput: A file of the folder holds no rule.
    """
    rule = rule_named(read_rules(folder), name)
    console = Console(highlight=False)
    if as_json:
        document = rule.model_dump(mode="json")
        console.out(to_json(document | {"digest": rule.digest, "verified": rule.is_verified}))
        return
    console.print(
        fields_table(rule.display_name, [(field, escape(value)) for field, value in rule_rows(rule)])
    )
    warning = unverified_words(rule)
    if warning is not None:
        console.print(f"[red]{escape(warning)}[/]", soft_wrap=True)


def rule_rows(rule: BaselineRule) -> list[tuple[str, str]]:
    """List what a rule says, part by part."""
    gate = rule.gate
    limits = [
        *(["not below 0 kW"] if rule.floor else ["not below minus the export limit"]),
        *(["at most the contract capacity"] if rule.contract_cap else []),
        *([f"losses: what is delivered x {rule.loss_ratio:g}"] if rule.loss_ratio != 1 else []),
    ]
    bias = f", bias within {gate.max_bias_ratio * 100:g} %" if gate.max_bias_ratio is not None else ""
    rows = [
        ("rule", f"{rule.baseline_id}, version {rule.version}"),
        ("where", rule.jurisdiction),
        ("in a sentence", rule.summary),
        ("baseline", method_words(rule)),
        ("days", days_words(rule.days)),
        ("when days are missing", shortage_words(rule.days)),
        ("same-day adjustment", adjustment_words(rule.adjustment)),
        ("limits", ", ".join(limits)),
        ("meter interval", length(rule.interval) if rule.interval else "as metered"),
        ("known before the event", "no, needs later readings" if rule.looks_past_start else "yes"),
        ("gate", f"RRMSE at most {gate.max_rrmse_ratio * 100:g} %{bias}"),
        ("source", f"{rule.source.title} ({_TAGS[rule.source.tag]}), read {rule.source.read_on}"),
        ("digest", rule.digest),
    ]
    if rule.device is not None:
        device = f"typical output: mean of {rule.device.like_hours} like hours without events"
        rows.insert(4, ("storage, generation", device))
    return [(field, value) for field, value in rows if value != "-"]
