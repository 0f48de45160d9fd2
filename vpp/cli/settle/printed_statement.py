"""A statement as a page for people: totals, tax, each event with its drawing, the lines behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from vpp.cli.charts.statement_event import statement_event_svg
from vpp.cli.settle.printed_event import (
    AroundEnergy,
    SiteSums,
    clock_labels,
    event_picture,
    lines_by_event,
    local_end,
    site_sums,
    together,
)
from vpp.foundation.errors import InvalidInput
from vpp.settlement.csv_cell import unguarded
from vpp.settlement.csv_table import table_rows
from vpp.settlement.explanation import MEANINGS
from vpp.settlement.line_code import LineCode
from vpp.settlement.statement import Statement
from vpp.settlement.statement_line import StatementLine

ZERO = Decimal(0)
MOST_LINES = 1500
"""More lines than this are summed by site; nobody reads them on paper, and the file has them all."""
MOST_SITES = 60
"""Sites shown for each event: those with the largest amounts, then one row for all others."""


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a page says beside what the lines say.

    Attributes:
        party_name: Name of the statement's party; empty if it is not known.
        site_names: Names by site id.
        run_label: Which run it is.
        created_at: When it was written; empty if that is not known.
        code_version: Version of the program that wrote it.
        sha256: Digest of the file with the lines.
        signature: What is known of the manifest's signature, in words.
        summary: Rows of the summary; empty without one.
        around: Energy before and after by (event id, site id); empty without a bundle.
        product_names: Names by product id.
    """

    party_name: str = ""
    site_names: Mapping[str, str] = field(default_factory=dict)
    run_label: str = ""
    created_at: str = ""
    code_version: str = ""
    sha256: str = ""
    signature: str = ""
    summary: Sequence[Mapping[str, str]] = ()
    around: Mapping[tuple[str, str], AroundEnergy] = field(default_factory=dict)
    product_names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EventSection:
    """One event on the page.

    Attributes:
        event_id: The event; empty for what belongs to none.
        heading: What it is, for people.
        drawing: Its `<svg>` element; empty where nothing was measured.
        sites: Sums by site, those with the largest amounts first where there are many.
        other_site_count: Sites that are not shown one by one.
        others: Their sums.
        whole: Sums of the event.
        lines: The lines; empty on a page of sums.
        clocks: Wall time of each line's start by its civil time.
        notes: Notes on the lines, with the sign that stands in their place.
        has_around: Whether energy before and after is known of any site.
    """

    event_id: str
    heading: str
    drawing: str
    sites: Sequence[SiteSums]
    other_site_count: int
    others: SiteSums
    whole: SiteSums
    lines: Sequence[StatementLine]
    clocks: Mapping[str, str]
    notes: Mapping[str, str]
    has_around: bool


def read_summary(summary_bytes: bytes | None, statement: Statement | None = None) -> list[dict[str, str]]:
    """Read the rows of a summary, without its guards; none without a file.

    Args:
        summary_bytes: The file.
        statement: The statement that it has to sum.

    Raises:
        InvalidInput: It is no summary, or not that statement's.
    """
    if summary_bytes is None:
        return []
    header, *cells = table_rows(summary_bytes) or [[]]
    try:
        rows = [dict(zip(header, map(unguarded, row), strict=True)) for row in cells]
        base = sum((Decimal(row["taxable_base"]) for row in rows), ZERO)
        taxed = sum((base_and_tax(row) - Decimal(row["gross_amount"]) for row in rows), ZERO)
        of = {row["statement_id"] for row in rows}
    except (ValueError, KeyError, InvalidOperation) as error:
        raise InvalidInput(f"the statement's summary cannot be read: {error}") from error
    if taxed or (statement is not None and (of, base) != ({statement.statement_id}, statement.total)):
        raise InvalidInput(
            f"the summary is of {', '.join(sorted(of))} with a sum of {base}, the lines are not"
        )
    return rows


def base_and_tax(row: Mapping[str, str]) -> Decimal:
    """Return what a row of a summary comes to with its tax."""
    return Decimal(row["taxable_base"]) + Decimal(row["tax_amount"] or 0)


def render_page(statement: Statement, facts: PageFacts) -> str:
    """Write a statement as one HTML document.

    Args:
        statement: The statement.
        facts: What else is known.

    Returns:
        HTML without scripts and without references to anything outside itself; every text is escaped,
        only the drawings' own SVG is not. The same arguments give the same text.
    """
    environment = Environment(
        loader=PackageLoader("vpp.cli", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["amount"] = amount_text
    environment.filters["decimal"] = Decimal
    environment.filters["kwh"] = quantity_text
    environment.filters["price"] = price_text
    environment.filters["percent"] = percent_text
    environment.filters["counted"] = counted_text
    is_detailed = len(statement.lines) <= MOST_LINES
    return environment.get_template("statement.html.jinja").render(
        statement=statement,
        facts=facts,
        tally=statement.tally,
        meanings={code: MEANINGS[code] for code in LineCode},
        sections=[
            _section(event_id, lines, facts, is_detailed=is_detailed)
            for event_id, lines in lines_by_event(statement.lines).items()
        ],
        is_detailed=is_detailed,
        zones=sorted({line.tz for line in statement.lines if line.tz}),
        factors=sorted(
            {
                (f"{line.emission_factor_kg_per_kwh:f}", line.ef_source)
                for line in statement.lines
                if line.emission_factor_kg_per_kwh is not None
            }
        ),
        tax=[row for row in facts.summary if row.get("tax_rate")],
        payment=facts.summary[0] if facts.summary else {},
        net=statement.total,
        gross=sum((Decimal(row["gross_amount"]) for row in facts.summary), ZERO)
        if facts.summary
        else statement.total,
    )


def amount_text(amount: Decimal) -> str:
    """Write an amount with thousands apart.

    Example:
        >>> amount_text(Decimal("-1234.50")), amount_text(Decimal("0.00"))
        ('-1,234.50', '0.00')
    """
    return f"{amount:,f}"


def quantity_text(quantity: Decimal | None) -> str:
    """Write an energy; nothing where there is none.

    Example:
        >>> quantity_text(Decimal("1234.500")), quantity_text(None)
        ('1,234.500', '')
    """
    return "" if quantity is None else amount_text(quantity)


def percent_text(rate: str) -> str:
    """Write a rate as a share of a hundred.

    Example:
        >>> percent_text("0.10"), percent_text("0.0775"), percent_text("0")
        ('10 %', '7.75 %', '0 %')
    """
    whole, _, places = f"{Decimal(rate) * 100:f}".partition(".")
    return f"{whole}.{places}".rstrip("0").rstrip(".") + " %" if places else f"{whole} %"


def counted_text(line: StatementLine) -> str:
    """Write the quantity that a line's price is for; nothing where a line has none."""
    if line.line_code is LineCode.PENALTY and line.penalty_basis_kwh is not None:
        return f"{quantity_text(line.penalty_basis_kwh)} kWh short"
    if line.availability_kw_h is not None:
        return f"{quantity_text(line.availability_kw_h)} kW·h"
    return "" if line.payable_kwh is None else f"{quantity_text(line.payable_kwh)} kWh"


def price_text(line: StatementLine) -> str:
    """Write a line's price with its unit, without zeros that only fill it up to six places.

    The currency stands in the column's head.
    """
    if line.price is None:
        return ""
    whole, _, places = f"{line.price:,f}".partition(".")
    unit = line.price_unit.removeprefix(line.currency)
    return f"{whole}.{places.rstrip('0').ljust(2, '0')} {unit}".rstrip()


def _section(
    event_id: str, lines: Sequence[StatementLine], facts: PageFacts, *, is_detailed: bool
) -> EventSection:
    sums = site_sums(lines, facts.site_names, facts.around)
    if len(sums) > MOST_SITES:
        sums = sorted(sums, key=lambda each: (-abs(each.total), each.site_id))
    shown, others = sums[:MOST_SITES], sums[MOST_SITES:]
    picture = event_picture(lines)
    notes = dict.fromkeys(line.note for line in lines if line.note)
    return EventSection(
        event_id=event_id,
        heading=_heading(event_id, lines, facts),
        drawing=statement_event_svg(picture) if picture else "",
        sites=shown,
        other_site_count=len(others),
        others=together(others),
        whole=together(sums),
        lines=lines if is_detailed else (),
        clocks=_clocks(lines),
        notes={note: f"({number})" for number, note in enumerate(notes, start=1)} if is_detailed else {},
        has_around=any(each.around is not None for each in sums),
    )


def _clocks(lines: Sequence[StatementLine]) -> dict[str, str]:
    """Return the wall time of each civil time on some lines."""
    civil_times = {line.local_start: line.local_time for line in lines}
    return dict(zip(civil_times, clock_labels(list(civil_times.values())), strict=True))


def _heading(event_id: str, lines: Sequence[StatementLine], facts: PageFacts) -> str:
    """Name an event: when, which product, which way."""
    if not event_id:
        return "Not about a single event"
    first = min(lines, key=lambda line: line.interval_start_utc)
    start, end = first.local_time, local_end(max(lines, key=lambda line: line.interval_end_utc))
    from_clock, to_clock = clock_labels([start, end])
    if start.date() != end.date():
        to_clock = f"{end:%a %d %b}, {to_clock}"
    product = facts.product_names.get(first.product_id, first.product_id)
    way = {"load_down": "less load", "load_up": "more load"}.get(first.direction, "")
    words = [f"{start:%a %d %b %Y}, {from_clock} to {to_clock}", product, way]
    return ", ".join(word for word in words if word)


def facts_of(manifest: Mapping[str, Any], **more: Any) -> PageFacts:  # noqa: ANN401  fields of PageFacts
    """Take what a manifest says for the page.

    Args:
        manifest: The manifest; empty without one.
        more: Further fields.
    """
    names = manifest.get("site_names")
    return PageFacts(
        party_name=str(manifest.get("party_name", "")),
        site_names=names if isinstance(names, dict) else {},
        run_label=str(manifest.get("run_label", "")),
        created_at=str(manifest.get("created_at", "")),
        code_version=str(manifest.get("code_version", "")),
        **more,
    )
