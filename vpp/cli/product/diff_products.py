"""`vpp product diff`: what two products, or two versions of one, say differently."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from vpp.cli.output import make_table, to_json
from vpp.cli.product.product_library import product_named, rules_of
from vpp.portfolio.product import ProductProfile
from vpp.portfolio.product_fields import field_names

_ABSENT = "-"


def diff_products(before: str, after: str, folder: Path | None, rules: Path | None, *, as_json: bool) -> None:
    """Print every field in which two products differ.

    Args:
        before: A product's id, or a file.
        after: Another.
        folder: The folder of products; None for those that come with the project.
        rules: The folder of baseline rules; None likewise.
        as_json: Print JSON instead of a table.

    Raises:
        NotFound: There is no such folder or product.
        InvalidInput: A file holds no product.
    """
    known = rules_of(rules)
    old, new = product_named(before, folder, known), product_named(after, folder, known)
    changes = list(changed_fields(old, new))
    console = Console(highlight=False)
    if as_json:
        console.out(
            to_json({"changes": [{"field": field, "a": was, "b": now} for field, was, now in changes]})
        )
        return
    if not changes:
        console.print("They say the same.")
        return
    table = make_table(
        f"{len(changes)} fields differ",
        "field",
        escape(f"{old.product_id} v{old.version}"),
        escape(f"{new.product_id} v{new.version}"),
    )
    for field, was, now in changes:
        table.add_row(escape(field), escape(was), escape(now))
    console.print(table)
    if old.product_id == new.product_id and old.version == new.version:
        console.print(
            "[red]The same version says two things[/]: count `version` up, or a hub that knows one refuses "
            "the other.",
            soft_wrap=True,
        )


def changed_fields(old: ProductProfile, new: ProductProfile) -> Iterator[tuple[str, str, str]]:
    """List the fields in which two products differ, each with both values; `-` where one has none.

    A baseline rule is named; one that was changed under its name is told by its digest.
    """
    was, now = dict(_flat(_document(old), "")), dict(_flat(_document(new), ""))
    order = {name: place for place, name in enumerate(field_names())}
    for field in sorted({*was, *now}, key=lambda name: (order.get(name, len(order)), name)):
        if was.get(field, _ABSENT) != now.get(field, _ABSENT):
            yield field, was.get(field, _ABSENT), now.get(field, _ABSENT)


def _document(product: ProductProfile) -> dict[str, object]:
    terms = product.baseline
    rules = {
        "rule": _rule(terms.rule.baseline_id, terms.rule.digest),
        "alternatives": [_rule(rule.baseline_id, rule.digest) for rule in terms.alternatives],
        "named": [_rule(rule.baseline_id, rule.digest) for rule in terms.named],
    }
    return {**product.model_dump(mode="json"), "baseline": rules}


def _rule(baseline_id: str, digest: str) -> str:
    return f"{baseline_id} ({digest[:12]})"


def _flat(document: Mapping[str, object], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in document.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif value is not None:
            yield f"{prefix}{key}", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
