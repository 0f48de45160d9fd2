"""`vpp baseline list`: the rules at hand, a line each."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vpp.cli.baseline.rule_library import read_rules
from vpp.cli.baseline.rule_words import adjustment_words, method_words
from vpp.cli.output import make_table, to_json
from vpp.portfolio.baseline_rule import BaselineRule


def list_rules(folder: Path | None, *, as_json: bool) -> None:
    """Print every rule of a folder.

    Args:
        folder: The folder; None for the rules that come with the project.
        as_json: Print JSON instead of a table.

    Raises:
        NotFound: There is no such folder, or it holds no rule.
        InvalidInput: A file holds no rule.
    """
    rules = read_rules(folder)
    console = Console(highlight=False)
    if as_json:
        console.out(to_json({"rules": [_document(rule) for rule in rules.values()]}))
        return
    console.print(_table(list(rules.values())))
    console.print(
        "[red]*[/] values checked against no source were used; `vpp baseline show NAME` names them.",
        soft_wrap=True,
    )


def _table(rules: list[BaselineRule]) -> Table:
    table = make_table(f"{len(rules)} baseline rules", "rule", "where", "baseline", "same-day adjustment")
    table.columns[0].no_wrap = True
    for rule in rules:
        mark = "" if rule.is_verified else "[red]*[/]"
        table.add_row(
            f"{escape(rule.baseline_id)}{mark}",
            escape(rule.jurisdiction),
            escape(method_words(rule)),
            escape(adjustment_words(rule.adjustment)),
        )
    return table


def _document(rule: BaselineRule) -> dict[str, object]:
    return {
        "baseline_id": rule.baseline_id,
        "version": rule.version,
        "display_name": rule.display_name,
        "jurisdiction": rule.jurisdiction,
        "summary": rule.summary,
        "method": rule.method.kind,
        "adjustment": None if rule.adjustment is None else rule.adjustment.kind,
        "verified": rule.is_verified,
        "unverified": list(rule.source.unverified),
        "digest": rule.digest,
    }
