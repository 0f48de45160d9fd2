"""From an ended event to what it delivered."""

from dataclasses import replace

from vpp.dispatch.event import EventState
from vpp.workflows.delivering import delivered_totals_kwh, site_deliveries
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.recording import HUB, audit, move_event, product_of, promised
from vpp.workflows.settlement_dues import owe_settlement


def measure_event(units: UnitOfWorkFactory, rules: MarketRules, event_id: str) -> None:
    """Measure an ended event and owe its statements. Does nothing if it has been measured.

    What is not paid (ordered events) has nothing to settle, and so is settled with its measurement.
    """
    with units(write=False) as uow:  # of thousands of sites it takes a while; nobody's write waits for it
        event = promised(uow.events.get(event_id), f"events/{event_id}").value
        if event.state is not EventState.ENDED:
            return
        target_kwh, delivered_kwh = delivered_totals_kwh(site_deliveries(uow, event, rules))
    with units() as uow:
        stored = promised(uow.events.get(event_id), f"events/{event_id}")
        if stored.value.state is not EventState.ENDED:
            return
        product = product_of(uow, stored.value.product_id, stored.value.product_version)
        measured = move_event(uow, stored, replace(stored.value, state=EventState.MEASURED), HUB)
        if stored.value.purpose.is_paid:
            owe_settlement(uow, stored.value, uow.now + product.initial_statement_delay)
        else:
            move_event(uow, measured, replace(measured.value, state=EventState.SETTLED), HUB)
        audit(uow, HUB, "measure", f"events/{event_id}", target_kwh=target_kwh, delivered_kwh=delivered_kwh)
        uow.commit()
