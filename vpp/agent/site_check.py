"""All that is wrong with a site's configuration, in one go: nothing is guessed, nothing is started."""

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vpp.agent.hub_credentials import read_tls
from vpp.agent.left_alone import left_alone
from vpp.agent.order_folder import OrderFolder, check_private
from vpp.agent.resource_check import resource_problems
from vpp.agent.settings import AgentSettings
from vpp.agent.verification import verification_of
from vpp.foundation.errors import InvalidInput, VppError

DriverCheck = Callable[[Mapping[str, Any], "Checked"], Sequence[str]]
"""Returns what is wrong with a `[driver]` table and the files it names."""


@dataclass(slots=True)
class Checked:
    """One configuration that was looked at.

    Attributes:
        path: The file.
        table: What it holds; empty if it cannot be read.
        settings: The configuration, if it can be used as far as its own keys go.
        problems: What is wrong, one sentence each, beginning with the dotted path of the key.
        notes: What is not wrong and worth knowing.
    """

    path: Path
    table: Mapping[str, Any] = field(default_factory=dict)
    settings: AgentSettings | None = None
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """Where relative paths start."""
        return self.path.resolve().parent

    def kinds(self) -> dict[str, str]:
        """Return the kind of every flexible resource by its id, as far as it can be told."""
        tables = self.table.get("resources")
        found = {}
        for kind, resources in tables.items() if isinstance(tables, Mapping) else ():
            for resource_id in resources if isinstance(resources, Mapping) else ():
                found[str(resource_id)] = str(kind)
        return found


def check_file(path: Path, driver_check: DriverCheck) -> Checked:
    """Look at one configuration.

    Args:
        path: The file.
        driver_check: Tells what is wrong with a `[driver]` table.
    """
    checked = Checked(path)
    try:
        checked.table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        checked.problems.append(f"{path} cannot be read: {error}")
        return checked
    try:
        checked.settings = AgentSettings.model_validate({**checked.table, "folder": checked.folder})
    except ValidationError as error:
        checked.problems += [_sentence(each) for each in error.errors()]
    displaced = None if checked.settings is None else checked.settings.bidding.displaced_value_per_kwh
    checked.problems += resource_problems(checked.table.get("resources"), displaced)
    if checked.settings is not None:
        checked.problems += _contradictions(checked.settings, set(checked.kinds()))
        problem, note = left_alone(checked.settings)
        checked.problems += problem
        checked.notes += note
        checked.problems += _files(checked.settings)
    driver = checked.table.get("driver")
    checked.problems += _groups_apart(checked.table)
    if not isinstance(driver, Mapping):
        checked.problems.append("driver is missing, expected how meter and devices are reached")
    else:
        checked.problems += driver_check(driver, checked)
    return checked


def _groups_apart(table: Mapping[str, Any]) -> list[str]:
    """Return which groups of jobs a device's driver and its resource do not both know."""
    found = []
    devices = _table(_table(table, "driver"), "devices")
    for resource_id, cluster in _table(_table(table, "resources"), "job_groups").items():
        driven = _table(_table(devices, resource_id), "groups")
        groups = cluster.get("groups") if isinstance(cluster, Mapping) else None
        if not driven or not isinstance(groups, list):
            continue
        known = {str(group.get("group_id")) for group in groups if isinstance(group, Mapping)}
        where = f"driver.devices.{resource_id}.groups"
        found += [f"{where} lacks {name}, which the resource has" for name in sorted(known - set(driven))]
        found += [f"{where}.{name} is no group of the resource" for name in sorted(set(driven) - known)]
    return found


def _table(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = table.get(name)
    return found if isinstance(found, Mapping) else {}


def _sentence(error: Any) -> str:  # noqa: ANN401  pydantic's own dictionary
    where = ".".join(str(part) for part in error["loc"])
    what = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        return f"{where} is no key that the agent knows"
    if error["type"] == "missing":
        return f"{where} is missing"
    given = error.get("input")
    is_plain = isinstance(given, str | int | float | bool)
    return f"{where} is {given!r}: {what}" if is_plain else f"{where}: {what}".removeprefix(": ")


def _contradictions(settings: AgentSettings, resource_ids: set[str]) -> list[str]:
    """Return what cannot hold together."""
    return [*_limits_apart(settings), *_names_apart(settings, resource_ids)]


def _limits_apart(settings: AgentSettings) -> list[str]:
    site, found = settings.site, []
    limit_kw = site.largest_import_kw
    name = "import_limit_kw" if limit_kw == site.import_limit_kw else "transformer_limit_kw"
    if site.minimum_load_kw >= limit_kw:
        found.append(f"site.minimum_load_kw is {site.minimum_load_kw}, expected below {name} {limit_kw}")
    room_kw = limit_kw - site.minimum_load_kw
    most_kw = settings.limits.max_reduction_kw
    if most_kw is not None and most_kw > room_kw:
        found.append(
            f"limits.max_reduction_kw is {most_kw}, more than the {room_kw} kW between {name} and "
            "minimum_load_kw"
        )
    high_kw = settings.faults.plausible_high_kw
    if high_kw is not None and high_kw < site.import_limit_kw:
        found.append(f"faults.plausible_high_kw is {high_kw}, below import_limit_kw {site.import_limit_kw}")
    if settings.operation.confirm_within < timedelta(minutes=1):
        found.append(f"operation.confirm_within is {settings.operation.confirm_within}: nobody is so quick")
    for n, window in enumerate(settings.maintenance):
        if window.end <= window.start:
            found.append(f"maintenance.{n}.end is {window.end}, expected after start {window.start}")
    return found


def _names_apart(settings: AgentSettings, resource_ids: set[str]) -> list[str]:
    found = [
        f"limits.vetoed_resources names {name}, which is no resource of this site"
        for name in settings.limits.vetoed_resources
        if name not in resource_ids
    ]
    for n, bid in enumerate(settings.standing_bids):
        if bid.product not in settings.products:
            found.append(f"standing_bids.{n}.product is {bid.product}, which is not among products")
        found += [
            f"standing_bids.{n}.resources names {name}, which is no resource of this site"
            for name in bid.resources
            if name not in resource_ids
        ]
    for kind, tables in settings.resources.items():
        for resource_id, table in tables.items():
            excluded = table.get("excludes", ())
            found += [
                f"resources.{kind}.{resource_id}.excludes names {name}, which is no resource of this site"
                for name in (excluded if isinstance(excluded, list) else ())
                if name not in resource_ids
            ]
    found += [
        f"capacity_curve names {name}, which is no job_groups or deferrable_load of this site"
        for name in settings.capacity_curve
        if not any(name in settings.resources.get(kind, {}) for kind in ("job_groups", "deferrable_load"))
    ]
    subsidy = None if settings.tariff is None else settings.tariff.subsidy
    for n, meter in enumerate(() if subsidy is None else subsidy.sub_meters):
        found += [
            f"tariff.subsidy.sub_meters.{n}.resources names {name}, which is no resource of this site"
            for name in sorted(meter.resources)
            if name not in resource_ids
        ]
    return [*found, *_migration(settings, resource_ids)]


def _migration(settings: AgentSettings, resource_ids: set[str]) -> list[str]:
    """Return what is wrong with the load that may move, beside the site it moves from."""
    if settings.migration is None:
        return []
    donor, site, found = settings.migration.donor, settings.site, []
    for name, value, expected in (
        ("site_id", donor.site_id, site.site_id),
        ("zone", donor.zone, site.zone),
    ):
        if value != expected:
            found.append(f"migration.donor.{name} is {value}, expected this site's {expected}")
    if donor.resource_id not in resource_ids:
        found.append(f"migration.donor.resource_id is {donor.resource_id}, which is no resource of this site")
    try:
        settings.migration.plan(timedelta(hours=1))
    except InvalidInput as error:
        found.append(f"migration: {error}")
    return found


def _files(settings: AgentSettings) -> list[str]:
    """Return what is wrong with the files that a configuration names."""
    found: list[str] = []

    def attempt(read: Callable[[], object]) -> None:
        try:
            read()
        except VppError as error:
            found.append(str(error))

    attempt(settings.token)
    attempt(lambda: verification_of(settings, lambda instant: instant))
    if settings.tariff is not None:
        tariff = settings.tariff
        attempt(lambda: tariff.prices(settings.folder))
    tls = settings.hub.tls
    unreadable = [
        f"hub.tls.{name} {settings.folder / path} cannot be read"
        for name, path in (() if tls is None else tuple(tls))
        if not os.access(settings.folder / path, os.R_OK)
    ]
    found += unreadable
    if not unreadable:
        attempt(lambda: read_tls(settings))
    place = settings.journal_path.parent
    while not place.exists() and place != place.parent:
        place = place.parent
    if not os.access(place, os.W_OK | os.X_OK):
        found.append(f"journal_file {settings.journal_path} cannot be written: {place} does not allow it")
    orders = OrderFolder(settings.journal_path).path
    if orders.exists():
        attempt(lambda: check_private(orders, is_folder=True))
    return found


def problems_together(
    checks: Sequence[Checked], endpoints: Callable[[Mapping[str, Any]], Mapping[str, str]]
) -> list[str]:
    """Return what is wrong with several configurations beside each other.

    Args:
        checks: The configurations.
        endpoints: Returns where each device of a `[driver]` table is reached, by resource id.
    """
    found = []
    usable = [each for each in checks if each.settings is not None]
    for name, values in (
        ("site_id", [(each.settings.site.site_id, each) for each in usable if each.settings]),
        (
            "journal_file",
            [(str(each.settings.journal_path.resolve()), each) for each in usable if each.settings],
        ),
        (
            "state_file",
            [
                (str((each.folder / str(each.table["driver"]["state_file"])).resolve()), each)
                for each in usable
                if isinstance(each.table.get("driver"), Mapping) and "state_file" in each.table["driver"]
            ],
        ),
    ):
        found += _shared(name, values)
    devices = [
        (endpoint, each, resource_id)
        for each in checks
        for resource_id, endpoint in _endpoints(each, endpoints).items()
    ]
    for endpoint in sorted({endpoint for endpoint, _, _ in devices}):
        users = [(each, resource_id) for other, each, resource_id in devices if other == endpoint]
        if len(users) > 1:
            said = ", ".join(f"{each.path} ({resource_id})" for each, resource_id in users)
            found.append(f"the device {endpoint} is used more than once: {said}; one resource, one site")
    return found


def _endpoints(
    checked: Checked, endpoints: Callable[[Mapping[str, Any]], Mapping[str, str]]
) -> Mapping[str, str]:
    driver = checked.table.get("driver")
    if not isinstance(driver, Mapping):
        return {}
    try:
        return endpoints(driver)
    except InvalidInput:
        return {}


def _shared(name: str, values: Sequence[tuple[str, Checked]]) -> list[str]:
    found = []
    for value in sorted({value for value, _ in values}):
        paths = [str(each.path) for other, each in values if other == value]
        if len(paths) > 1:
            found.append(f"{name} {value} is in more than one configuration: {', '.join(paths)}")
    return found
