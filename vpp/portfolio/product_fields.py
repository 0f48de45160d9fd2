"""The fields of a product profile by name, as files, lists of unverified values and manuals have them."""

import types
from collections.abc import Iterator
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel

from vpp.portfolio.baseline_terms import BaselineTerms
from vpp.portfolio.product import ProductProfile


def field_names() -> tuple[str, ...]:
    """List the fields that a product's file may have, dots between groups; a baseline rule has its own file.

    Example:
        >>> [name for name in field_names() if name.startswith("provenance.source")]
        ['provenance.source_tag', 'provenance.source', 'provenance.source_url']
    """
    return tuple(_fields(ProductProfile, ""))


def group_names() -> tuple[str, ...]:
    """List the groups of fields, those within groups included.

    Example:
        >>> group_names()[:3]
        ('call', 'call.calendar', 'bid')
    """
    names = field_names()
    prefixes = [part for name in names for part in _prefixes(name)]
    return tuple(dict.fromkeys(prefixes))


def _prefixes(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:n]) for n in range(1, len(parts)))


def _fields(model: type[BaseModel], prefix: str) -> Iterator[str]:
    if model is BaselineTerms:  # a file has names of rules where the profile has the rules
        yield from (f"{prefix}rule", f"{prefix}alternatives")
        return
    for name, field in model.model_fields.items():
        inner = _model_of(field.annotation)
        if inner is None:
            yield f"{prefix}{name}"
        else:
            yield from _fields(inner, f"{prefix}{name}.")


def _model_of(kind: object) -> type[BaseModel] | None:
    """Return the group that a field holds: one, or several in a row; None for a plain value."""
    if isinstance(kind, type):
        return kind if issubclass(kind, BaseModel) else None
    if get_origin(kind) in {Union, types.UnionType, tuple, Annotated}:
        return next((found for part in get_args(kind) if (found := _model_of(part)) is not None), None)
    return None
