"""What a site's resources can do, as the agent writes it into its status for reports at the site."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from vpp.agent.double_use import shared_uses_of
from vpp.agent.resource_envelopes import down_envelope, up_envelope
from vpp.agent.settings import AgentSettings
from vpp.agent.unit import Unit
from vpp.agent.unit_tables import units_of
from vpp.flexibility.envelope import Envelope
from vpp.flexibility.envelope_document import envelope_document, envelope_from
from vpp.flexibility.site_envelope import SharedUse
from vpp.foundation.errors import InvalidInput

RENEWED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ResourceFlexibility:
    """What one resource can do.

    Attributes:
        resource_id: The flexible resource.
        kind: Its kind, as in the configuration.
        down: How far it can be lowered at its best; None if that is not known.
        up: How far it can be raised at its best; None if it cannot be, or that is not known.
    """

    resource_id: str
    kind: str
    down: Envelope | None
    up: Envelope | None


@dataclass(frozen=True, slots=True)
class SiteFlexibility:
    """What a site's resources can do.

    Attributes:
        at: When that was found, UTC; None if from the configuration alone.
        resources: One by one, in order of their id.
        shared: What they have in common when they are lowered.
    """

    at: datetime | None
    resources: tuple[ResourceFlexibility, ...]
    shared: tuple[SharedUse, ...] = ()


def kinds_of(settings: AgentSettings) -> dict[str, str]:
    """Return each resource's kind, as in the configuration, by resource id."""
    return {key: kind for kind, tables in settings.resources.items() for key in tables}


def flexibility_document(
    settings: AgentSettings, units: Sequence[Unit[Any]], step: timedelta, now: datetime
) -> dict[str, Any]:
    """Return what a site's resources can do as JSON-able values.

    Args:
        settings: The site's configuration.
        units: Its resources.
        step: Shortest span in which they are commanded.
        now: Present instant, UTC.
    """
    kinds = kinds_of(settings)
    return {
        "at": now.isoformat(),
        "resources": [
            {
                "resource_id": unit.resource_id,
                "kind": kinds[unit.resource_id],
                "down": _written(down_envelope(unit)),
                "up": _written(up_envelope(unit, step)),
            }
            for unit in units
        ],
        "shared": [
            {
                "name": use.name,
                "weight": dict(use.weight),
                "limit_kw": use.limit_kw if math.isfinite(use.limit_kw) else None,
                "limit_kwh": use.limit_kwh if math.isfinite(use.limit_kwh) else None,
            }
            for use in shared_uses_of(units)
        ],
    }


@dataclass(slots=True)
class FlexibilityBook:
    """What a site's resources can do, found anew now and then: it is at their best, and changes slowly.

    Of a site with hundreds of job groups it takes half a second of the machine, which must not come at
    every control step.
    """

    _found_at: datetime | None = None
    _seen_count: int = 0
    _document: dict[str, Any] = field(default_factory=dict)

    def document(
        self, settings: AgentSettings, units: Sequence[Unit[Any]], step: timedelta, now: datetime
    ) -> dict[str, Any]:
        """Return `flexibility_document`, at most an hour old, and new once more resources were observed."""
        seen_count = sum(1 for unit in units if unit.state is not None)
        is_fresh = self._found_at is not None and timedelta(0) <= now - self._found_at < RENEWED
        if not is_fresh or seen_count != self._seen_count:
            self._document = flexibility_document(settings, units, step, now)
            self._found_at, self._seen_count = now, seen_count
        return self._document


def _written(envelope: Envelope | None) -> dict[str, Any] | None:
    return None if envelope is None else envelope_document(envelope)


def flexibility_from(document: Mapping[str, Any]) -> SiteFlexibility:
    """Read what `flexibility_document` wrote.

    Raises:
        InvalidInput: It is damaged, or of another version.
    """
    try:
        return SiteFlexibility(
            at=datetime.fromisoformat(document["at"]),
            resources=tuple(
                ResourceFlexibility(each["resource_id"], each["kind"], _read(each["down"]), _read(each["up"]))
                for each in document["resources"]
            ),
            shared=tuple(
                SharedUse(
                    use["name"],
                    use["weight"],
                    math.inf if use["limit_kw"] is None else use["limit_kw"],
                    math.inf if use["limit_kwh"] is None else use["limit_kwh"],
                )
                for use in document["shared"]
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInput(f"a site's flexibility cannot be read: {error!r}") from error


def _read(document: Mapping[str, Any] | None) -> Envelope | None:
    return None if document is None else envelope_from(document)


def configured_flexibility(settings: AgentSettings) -> SiteFlexibility:
    """Return what the configuration alone says: nothing of work and loads, which have to be seen."""
    kinds = kinds_of(settings)
    units = units_of(settings.resources, settings.bidding.displaced_value_per_kwh)
    return SiteFlexibility(
        at=None,
        resources=tuple(
            ResourceFlexibility(unit.resource_id, kinds[unit.resource_id], down_envelope(unit), None)
            for unit in units
        ),
    )
