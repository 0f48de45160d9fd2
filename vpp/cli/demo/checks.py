"""What must hold after the demo's day, each with the figures that prove it.

Every check takes plain facts and returns a row; none of them asks the hub. A check with nothing to
look at fails, because an empty day proves nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from vpp.cli.demo.doors import DoorFacts
from vpp.cli.report import CheckRow

TERMINAL_STATES = frozenset({"COMPLETED", "REFUSED", "ABORTED", "EXPIRED", "SUPERSEDED"})
"""States after which an instruction binds nobody."""


@dataclass(frozen=True, slots=True)
class EventEnergy:
    """What an event asked for and got.

    Attributes:
        event_id: The event.
        target_kwh: Energy instructed.
        delivered_kwh: Baseline less metered over delivery.
        low_ratio: Share of the target from which on the product charges no penalty.
        cap_ratio: Multiple of the target above which it pays no more.
    """

    event_id: str
    target_kwh: float
    delivered_kwh: float
    low_ratio: float
    cap_ratio: float


@dataclass(frozen=True, slots=True)
class InstructionFact:
    """An instruction as the hub lists it at the end.

    Attributes:
        instruction: Its name.
        site_id: The site.
        state: Its state, without prefix.
        reason: Reason, without prefix; UNSPECIFIED if none.
        detail: The same in the site's words.
    """

    instruction: str
    site_id: str
    state: str
    reason: str = "UNSPECIFIED"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class JournalFact:
    """What a site's journal shows.

    Attributes:
        site_id: The site.
        held_before: Everything up to this sequence was held when the journal was last shortened.
        sequences: Sequences of the deliveries it applied, in order of the journal.
        instructions: Instructions it took up, in order of the journal.
        final_states: Terminal states it recorded, as pairs of instruction and state.
    """

    site_id: str
    held_before: int
    sequences: Sequence[int]
    instructions: Sequence[str]
    final_states: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class StatementFact:
    """A downloaded statement.

    Attributes:
        file_name: Its CSV file.
        faults: What does not agree with its manifest.
        line_sum: Sum of the amounts in the file.
        hub_total: Total that the hub states.
        line_count: Lines in the file.
    """

    file_name: str
    faults: Sequence[str]
    line_sum: Decimal
    hub_total: Decimal
    line_count: int


def delivered_in_band(events: Sequence[EventEnergy]) -> list[CheckRow]:
    """Each event delivers, over the portfolio, between the penalty's end and the pay's cap."""
    rows = []
    for event in events:
        ratio = event.delivered_kwh / event.target_kwh if event.target_kwh else 0.0
        rows.append(
            CheckRow(
                f"{event.event_id}: delivered energy lies in the product's band",
                event.target_kwh > 0 and event.low_ratio <= ratio <= event.cap_ratio,
                f"{event.delivered_kwh:,.0f} kWh of {event.target_kwh:,.0f} kWh instructed = {ratio:.3f}, "
                f"band {event.low_ratio:g} to {event.cap_ratio:g}",
            )
        )
    return rows


def instructions_answered_once(
    instructions: Sequence[InstructionFact], journals: Sequence[JournalFact]
) -> list[CheckRow]:
    """No instruction is lost or doubled, seen from the hub and from every site's journal."""
    held = Counter(name for journal in journals for name in journal.instructions)
    ended = Counter(name for journal in journals for name, _ in journal.final_states)
    issued = {fact.instruction for fact in instructions}
    lost = sorted(issued - held.keys())
    doubled = sorted(name for name in held | ended if max(held[name], ended[name]) > 1)
    unanswered = sorted(fact.instruction for fact in instructions if fact.state not in TERMINAL_STATES)
    by_site = {name: state for journal in journals for name, state in journal.final_states}
    differing = sorted(
        fact.instruction for fact in instructions if by_site.get(fact.instruction, fact.state) != fact.state
    )
    states = Counter(fact.state for fact in instructions)
    gaps = sorted(journal.site_id for journal in journals if not _each_once(journal))
    deliveries = sum(_last_sequence(journal) for journal in journals)
    return [
        CheckRow(
            "no instruction is lost or doubled",
            bool(issued) and not (lost or doubled or unanswered or differing),
            f"{len(issued)} issued, {sum(held.values())} applied by {len(journals)} sites; "
            + ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
            + _named(lost=lost, doubled=doubled, unanswered=unanswered, differing=differing),
        ),
        CheckRow(
            "deliveries are applied in order, each once",
            deliveries > 0 and not gaps,
            f"{deliveries} deliveries in {len(journals)} journals, sequences from 1 without a gap"
            + _named(with_gaps=gaps),
        ),
    ]


def statements_add_up(statements: Sequence[StatementFact]) -> CheckRow:
    """Files hash to their manifests, and their lines add up to the stated totals exactly."""
    faults = [f"{fact.file_name}: {fault}" for fact in statements for fault in fact.faults]
    faults += [
        f"{fact.file_name}: lines sum to {fact.line_sum}, the hub states {fact.hub_total}"
        for fact in statements
        if fact.line_sum != fact.hub_total
    ]
    lines = sum(fact.line_count for fact in statements)
    return CheckRow(
        "statements add up and match their manifests",
        bool(statements) and lines > 0 and not faults,
        f"{len(statements)} statements, {lines:,} lines recomputed in exact decimals" + _named(faults=faults),
    )


def money_balances(totals_by_party: Mapping[str, Decimal], currency: str) -> CheckRow:
    """What the operator pays is what sites and aggregator receive."""
    balance = sum(totals_by_party.values(), Decimal(0))
    received = sum((total for total in totals_by_party.values() if total > 0), Decimal(0))
    paid = sum((-total for total in totals_by_party.values() if total < 0), Decimal(0))
    return CheckRow(
        "money in equals money out",
        received > 0 and balance == 0,
        f"{paid:,.2f} {currency} in, {received:,.2f} {currency} out, difference {balance}",
    )


def energy_agrees(statement_kwh: Mapping[str, Decimal], recomputed_kwh: Mapping[str, float]) -> CheckRow:
    """The statements' delivered energy is baseline less metered, computed again from the readings.

    Args:
        statement_kwh: Delivered energy by event in the sites' statements.
        recomputed_kwh: The same from the hub's baselines and readings.
    """
    # Statements round every interval to 0.001 kWh.
    worst = max(
        (abs(float(statement_kwh.get(key, 0)) - value) for key, value in recomputed_kwh.items()), default=0.0
    )
    figures = ", ".join(
        f"{key} {statement_kwh.get(key, Decimal(0)):,.1f} and {value:,.1f} kWh"
        for key, value in sorted(recomputed_kwh.items())
    )
    return CheckRow(
        "statements' energy is baseline less metered",
        bool(recomputed_kwh) and statement_kwh.keys() == recomputed_kwh.keys() and worst <= 1.0,
        f"{figures}; largest difference {worst:.3f} kWh",
    )


def killed_site_resumed(
    site_id: str,
    killed_at: datetime,
    restarted_at: datetime,
    instructions: Sequence[InstructionFact],
    missing: int,
) -> CheckRow:
    """A killed agent comes back, ends its instructions itself and delivers the readings it owes.

    Args:
        site_id: The site.
        killed_at: When its process was killed, in the demo's time.
        restarted_at: When it was started again.
        instructions: Every instruction.
        missing: Metering intervals of the day without a reading of the site.
    """
    own = [fact for fact in instructions if fact.site_id == site_id]
    counts = Counter(fact.state for fact in own)
    states = set(counts)
    return CheckRow(
        f"the killed agent {site_id} resumed",
        "COMPLETED" in states and states <= {"COMPLETED", "SUPERSEDED"} and missing == 0,
        f"killed {killed_at:%H:%M}Z, back {restarted_at:%H:%M}Z; "
        + (", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no instruction")
        + f"; {missing} readings missing",
    )


def refusal_has_reason(site_id: str, instructions: Sequence[InstructionFact]) -> CheckRow:
    """The site in maintenance refuses, and says so."""
    refusals = [fact for fact in instructions if fact.site_id == site_id and fact.state == "REFUSED"]
    return CheckRow(
        f"{site_id} refused with its reason",
        bool(refusals) and all(fact.reason == "MAINTENANCE" for fact in refusals),
        "; ".join(f"{fact.instruction.rpartition('/')[2]}: {fact.reason} {fact.detail}" for fact in refusals)
        or "no refusal",
    )


def every_bid_has_reason(reasons_by_bid: Mapping[str, str]) -> CheckRow:
    """Every bid of every clearing says why it was accepted or rejected."""
    without = sorted(bid for bid, reason in reasons_by_bid.items() if not reason)
    counts = Counter(reason for reason in reasons_by_bid.values() if reason)
    return CheckRow(
        "every bid has a reason",
        bool(reasons_by_bid) and not without,
        f"{len(reasons_by_bid)} bids: "
        + ", ".join(f"{count} {reason}" for reason, count in counts.most_common())
        + _named(without=without),
    )


def every_site_forecast(methods_by_site: Mapping[str, str], site_ids: Sequence[str]) -> CheckRow:
    """Every site has a forecast of the delivery day that was made before it."""
    missing = sorted(set(site_ids) - methods_by_site.keys())
    counts = Counter(methods_by_site.values())
    return CheckRow(
        "every site has a day-ahead forecast",
        bool(site_ids) and not missing,
        f"{len(methods_by_site)} of {len(site_ids)}: "
        + ", ".join(f"{count} {method}" for method, count in counts.most_common())
        + _named(missing=missing),
    )


def only_certificates_get_in(doors: DoorFacts) -> CheckRow:
    """Everybody talked over mutual TLS; without a certificate, or with a revoked one, nobody gets in."""
    answers = (doors.plaintext_answer, doors.nameless_answer, doors.revoked_answer)
    return CheckRow(
        "everybody is known by certificate, and nobody gets in without one",
        doors.certificate_count > 0 and doors.is_visitor_let_in and None not in answers,
        f"{doors.certificate_count} callers over mutual TLS; without TLS {_told(doors.plaintext_answer)}, "
        f"without a certificate {_told(doors.nameless_answer)}, revoked {_told(doors.revoked_answer)} after "
        f"{doors.revoked_after_s:.1f} s" + ("" if doors.is_visitor_let_in else "; refused before as well"),
    )


def _told(answer: str | None) -> str:
    return "served" if answer is None else answer


def _last_sequence(journal: JournalFact) -> int:
    return max([journal.held_before, *journal.sequences])


def _each_once(journal: JournalFact) -> bool:
    """Tell whether a site applied every sequence up to its last, and none twice."""
    seen = set(journal.sequences)
    expected = set(range(1, _last_sequence(journal) + 1))
    return len(seen) == len(journal.sequences) and seen | set(range(1, journal.held_before + 1)) == expected


def _named(**lists: Sequence[str]) -> str:
    """Name what is wrong, a few of each kind."""
    shown = 3
    parts = [
        f"{label.replace('_', ' ')}: {', '.join(names[:shown])}"
        + (f" and {len(names) - shown} more" if len(names) > shown else "")
        for label, names in lists.items()
        if names
    ]
    return "; " + "; ".join(parts) if parts else ""
