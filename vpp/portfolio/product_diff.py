"""What two products, or two versions of one, say differently."""

import json
from collections.abc import Iterator, Mapping

from vpp.portfolio.product import ProductProfile
from vpp.portfolio.product_fields import field_names

ABSENT = "-"
"""Stands for the value of a field that one of the two does not have."""


def changed_fields(old: ProductProfile, new: ProductProfile) -> Iterator[tuple[str, str, str]]:
    """List the fields in which two products differ, each with both values; `-` where one has none.

    A baseline rule is named; one that was changed under its name is told by its digest.
    """
    was, now = dict(_flat(_document(old), "")), dict(_flat(_document(new), ""))
    order = {name: place for place, name in enumerate(field_names())}
    for field in sorted({*was, *now}, key=lambda name: (order.get(name, len(order)), name)):
        if was.get(field, ABSENT) != now.get(field, ABSENT):
            yield field, was.get(field, ABSENT), now.get(field, ABSENT)


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
