"""The table of a cluster of job groups: its groups, their pauses and their learned response to caps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from vpp.agent.parameter_table import chosen, parameters_of
from vpp.flexibility.cut_curve import CutCurve
from vpp.flexibility.job_class import Tier
from vpp.flexibility.job_cluster import JobClusterParameters
from vpp.flexibility.job_group import JobGroup
from vpp.flexibility.job_group_offers import quick_enough
from vpp.flexibility.learned_caps import CapObservation, learned_caps
from vpp.flexibility.pause_rules import PauseRules
from vpp.foundation.errors import InvalidInput


def job_cluster_of(table: dict[str, Any], where: str) -> JobClusterParameters:
    """Read a cluster with its groups.

    Args:
        table: The cluster's parameters; `groups` is a list of tables, each with the parameters of
            a `JobGroup`, `pause` and `learned_curve` as tables in it. In place of a curve,
            `cap_observations` lists what test dispatches showed, [cap, power cut, work lost] each,
            as shares; and `response_within` leaves the cluster only the knobs that are so quick.
        where: The table's dotted path, for messages.

    Raises:
        InvalidInput: A parameter is unknown, missing or out of its range.
    """
    groups = table.get("groups")
    if not isinstance(groups, Sequence) or isinstance(groups, str) or not groups:
        raise InvalidInput(f"{where}.groups is {groups!r}, expected a list of at least one table")
    table["groups"] = tuple(_group_of(each, f"{where}.groups[{n}]") for n, each in enumerate(groups))
    within = table.pop("response_within", None)
    params = parameters_of(JobClusterParameters, table, where)
    if within is None:
        return params
    return quick_enough(params, parameters_of(_Within, {"response_within": within}, where).response_within)


@dataclass(frozen=True, slots=True)
class _Within:
    response_within: timedelta


def _learned_curve(observations: object, where: str) -> CutCurve:
    """Learn a group's response to caps from what was observed."""
    rows = observations if isinstance(observations, Sequence) else ()
    if not rows or any(
        not isinstance(row, Sequence) or isinstance(row, str) or len(row) != len(fields(CapObservation))
        for row in rows
    ):
        raise InvalidInput(f"{where} is {observations!r}, expected rows of [cap, power cut, work lost]")
    names = [each.name for each in fields(CapObservation)]
    seen = [
        parameters_of(CapObservation, dict(zip(names, row, strict=True)), f"{where}[{n}]")
        for n, row in enumerate(rows)
    ]
    return learned_caps(seen).curve


def _group_of(table: object, where: str) -> JobGroup:
    if not isinstance(table, Mapping):
        raise InvalidInput(f"{where} is {table!r}, expected a table")
    values = dict(table)
    values["tier"] = chosen({tier.name.lower(): tier for tier in Tier}, values.get("tier"), f"{where}.tier")
    for name, cls in (("pause", PauseRules), ("learned_curve", CutCurve)):
        nested = values.get(name)
        if isinstance(nested, Mapping):
            values[name] = parameters_of(cls, dict(nested), f"{where}.{name}")
    if "cap_observations" in values:
        if "learned_curve" in values:
            raise InvalidInput(f"{where} has both learned_curve and cap_observations, expected one of them")
        values["learned_curve"] = _learned_curve(values.pop("cap_observations"), f"{where}.cap_observations")
    return parameters_of(JobGroup, values, where)
