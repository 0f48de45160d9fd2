"""Kinds of flexible resource as they are told apart in drawings of a site: names and colours."""

from collections.abc import Mapping
from types import MappingProxyType

# Those of Okabe and Ito and neighbours of them, told apart by people with any colour vision.
_COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "ups": "#56B4E9",
        "hvdc_backup": "#A6CEE3",
        "battery": "#0072B2",
        "thermal_store": "#66C2A5",
        "chiller": "#009E73",
        "deferrable_load": "#E69F00",
        "job_groups": "#D55E00",
        "idle_servers": "#F0C75E",
        "interruptible_load": "#CC79A7",
        "generator": "#7F6A3F",
    }
)
_OTHER = "#8a929c"
_LABELS: Mapping[str, str] = MappingProxyType({"ups": "UPS", "hvdc_backup": "HVDC backup"})


def kind_colour(kind: str) -> str:
    """Return a kind's colour."""
    return _COLOURS.get(kind, _OTHER)


def kind_label(kind: str) -> str:
    """Return a kind's name for people.

    Example:
        >>> kind_label("thermal_store"), kind_label("ups")
        ('thermal store', 'UPS')
    """
    return _LABELS.get(kind, kind.replace("_", " "))


def in_order(kinds: Mapping[str, object]) -> list[str]:
    """Return kinds in the order of stacks and legends: the quickest at the bottom."""
    known = list(_COLOURS)
    return sorted(kinds, key=lambda kind: (known.index(kind) if kind in known else len(known), kind))
