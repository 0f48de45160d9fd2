"""A statement reckoned again from its bundle: the same code as in the run, and nothing from a database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vpp.foundation.errors import InvalidInput
from vpp.settlement.booking_changes import party_lines
from vpp.settlement.bundle import Bundle
from vpp.settlement.charge import Charge
from vpp.settlement.evidence import SiteEvidence
from vpp.settlement.reckoning import reckon
from vpp.settlement.statement_line import StatementLine


@dataclass(frozen=True, slots=True)
class ReckonedStatement:
    """A statement as its bundle gives it.

    Attributes:
        evidence: What the bundle knows of each site in each event.
        lines: The lines in order, each with its charge; None where a line only takes something back.
        notes: What the reckoning noted.
        charges: Everything that the bundle gives, the party's own and what it rests on.
    """

    evidence: tuple[SiteEvidence, ...]
    lines: tuple[tuple[StatementLine, Charge | None], ...]
    notes: tuple[str, ...]
    charges: tuple[Charge, ...] = ()

    def evidence_for(self, event_id: str, site_id: str) -> SiteEvidence | None:
        """Return the evidence of a site in an event, if there is any."""
        wanted = (event_id, site_id)
        return next((each for each in self.evidence if (each.event_id, each.site_id) == wanted), None)

    def charges_for(self, event_id: str, site_id: str) -> tuple[Charge, ...]:
        """Return all charges of a site in an event."""
        return tuple(each for each in self.charges if each.event_id == event_id and each.site_id == site_id)


def reckoned_statement(bundle: Bundle) -> ReckonedStatement:
    """Reckon a statement again.

    Args:
        bundle: Everything that it was reckoned from.

    Returns:
        Its lines.

    Raises:
        InvalidInput: A part of the bundle is missing, or does not fit another.
    """
    try:
        return _reckoned(bundle)
    except ArithmeticError as error:
        raise InvalidInput(
            f"bundle of {bundle.head.statement_id} holds a number that cannot be reckoned with: {error!r}"
        ) from error


def _reckoned(bundle: Bundle) -> ReckonedStatement:
    evidence = bundle.evidence()
    deliveries = bundle.deliveries(evidence)
    reckoning = reckon(
        bundle.head.period,
        deliveries,
        run=bundle.terms,
        adjustments=bundle.adjustments,
        shared=bundle.shared,
    )
    return ReckonedStatement(
        evidence,
        tuple(party_lines(reckoning.charges, bundle.booked_before, bundle.head, deliveries)),
        reckoning.notes,
        reckoning.charges,
    )


def only_lines(lines: Sequence[tuple[StatementLine, Charge | None]]) -> Iterator[StatementLine]:
    """Return the lines without their charges."""
    return (line for line, _ in lines)
