"""What moving load to other sites would bring, for people and programs: legs, money, carbon, bids."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from google.protobuf import json_format

from vpp.agent.migration_bids import MoveTerms, leg_bids, linked_bid
from vpp.agent.settings import AgentSettings
from vpp.flexibility.migration import MigrationLeg, Shift
from vpp.flexibility.migration_plan import MigrationPlan
from vpp.foundation.errors import InvalidInput
from vpp.v1 import auction_pb2


def planned_migration(settings: AgentSettings, duration: timedelta) -> MigrationPlan:
    """Plan a move of the configuration's `[migration]`.

    Args:
        settings: The site's configuration.
        duration: How long the work would run elsewhere.

    Raises:
        InvalidInput: There is no such table, or a site is given twice or lies in this site's own zone.
    """
    if settings.migration is None:
        raise InvalidInput("migration is missing, expected a table [migration] with donor and receivers")
    return settings.migration.plan(duration)


def migration_document(plan: MigrationPlan) -> dict[str, Any]:
    """Return a plan as plain values."""
    return {
        "shifts": [
            {
                "donor": _leg(shift.donor),
                "receiver": _leg(shift.receiver),
                "it_kw": shift.it_kw,
                "cost": str(shift.cost),
                "net_benefit": str(shift.net_benefit),
                "avoided_kg": str(shift.avoided_kg),
                "net_kg_per_kwh": str(shift.net_kg_per_kwh),
            }
            for shift in plan.shifts
        ],
        "staying_it_kw": plan.staying_it_kw,
        "obstacles": {site_id: why.value for site_id, why in plan.obstacles.items()},
        "net_benefit": str(plan.net_benefit),
        "avoided_kg": str(plan.avoided_kg),
    }


def migration_bids(
    shifts: Sequence[Shift], donor_auction: str, receiver_auction: str, terms: MoveTerms
) -> list[dict[str, Any]]:
    """Return the bids of a move as the wire's JSON.

    Args:
        shifts: What moves.
        donor_auction: `auctions/{auction}` in which the donor's leg is sold.
        receiver_auction: That of the receivers' legs; empty for one linked bid in an auction over both
            zones.
        terms: What the bids share.

    Raises:
        InvalidInput: A receiver would draw more than the wire allows per kW shed.
    """
    bids: list[auction_pb2.Bid] = []
    for shift in shifts:
        if receiver_auction:
            bids += leg_bids(donor_auction, receiver_auction, shift, terms)
        else:
            bids.append(linked_bid(donor_auction, shift, terms))
    return [json_format.MessageToDict(bid, preserving_proto_field_name=True) for bid in bids]


def _leg(leg: MigrationLeg) -> dict[str, Any]:
    return {
        "site_id": leg.end.site_id,
        "resource_id": leg.end.resource_id,
        "zone": leg.end.zone,
        "product": leg.end.product,
        "baseline": leg.end.baseline,
        "direction": leg.direction.value,
        "power_kw": leg.power_kw,
        "energy_kwh": leg.energy_kwh,
    }
