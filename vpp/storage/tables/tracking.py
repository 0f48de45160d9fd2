"""What the hub saw and did in the course of events."""

from sqlalchemy import JSON, BigInteger, Table

from vpp.storage.column_types import Profile, Quantity, UtcDateTime
from vpp.storage.tables.schema import METADATA, key, required

TRACKING_TICKS = Table(
    "tracking_ticks",
    METADATA,
    key("event_id", "the event", of="events.event_id"),
    key("due_at", "when the look fell due, UTC", kind=UtcDateTime),
    required("looked_at", UtcDateTime, "when it was made, UTC; what the meters had shown by then it saw"),
    required("modification_number", BigInteger, "of the event, after what was done"),
    required("target_kw", Profile, "reduction asked for per delivery interval, kW"),
    required("instructed_kw", Profile, "what the sites were told together, kW"),
    required("delivered_kw", Profile, "delivered so far per interval by the sites metered in it, kW"),
    required("expected_kw", Profile, "delivered, with what is expected of what is not metered, kW"),
    required("metered_ratio", Profile, "share of the samples that are metered, 0..1"),
    required("present_target_kw", Quantity, "target of the newest interval that every site metered, kW"),
    required("present_delivered_kw", Quantity, "delivered in it, kW"),
    required("target_energy_kwh", Quantity, "told for the site intervals metered so far, kWh"),
    required("delivered_energy_kwh", Quantity, "delivered in them, kWh; may be negative"),
    required("planned_energy_kwh", Quantity, "target of all of delivery, kWh"),
    required("expected_energy_kwh", Quantity, "expected to have been delivered at the end, kWh"),
    required("reserve_kw", Quantity, "reduction that could still be bought from standing bids, kW"),
    required("site_counts", JSON, "how many sites are in each state of delivery"),
    required("changed_states", JSON, "sites that were in another state at the look before"),
    required("actions", JSON, "what was done: kind, site, resource, change per interval, award"),
    comment="every look at an event in its course, written once",
)
