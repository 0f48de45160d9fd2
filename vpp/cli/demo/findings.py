"""From the day's results to the facts that the checks look at."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal

from vpp.cli.demo import checks
from vpp.cli.demo.figures import delivered_kwh, target_kwh
from vpp.cli.demo.journals import journal_fact
from vpp.cli.demo.results import DemoResults, EventResult
from vpp.cli.demo.script import Cast, Performance
from vpp.cli.demo.statement_lines import StatementLine, delivered_kwh_by_event, statement_lines, total
from vpp.cli.output import last_part
from vpp.cli.report import CheckRow
from vpp.cli.statement_files import verify_statement
from vpp.cli.wire_values import money_from_wire
from vpp.v1 import event_pb2, portfolio_pb2


def all_checks(
    results: DemoResults, lines: Mapping[str, Sequence[StatementLine]], cast: Cast, performance: Performance
) -> list[CheckRow]:
    """Make every check of the demo.

    Args:
        results: The day as the hub tells it.
        lines: Lines of each statement by its file's name.
        cast: Who played.
        performance: What came to pass.
    """
    instructions = [fact for event in results.events for fact in _instruction_facts(event)]
    journals = [journal_fact(site_id, path) for site_id, path in sorted(cast.journals.items())]
    owners = site_owner_parties(results)
    delivered_by_owner = delivered_kwh_by_event(
        [line for part in lines.values() for line in part if line.party_id in owners]
    )
    killed = f"sites/{cast.killed_site}"
    rows = [
        *checks.delivered_in_band([_energy(results, event) for event in results.events]),
        *checks.instructions_answered_once(instructions, journals),
        checks.statements_add_up(_statement_facts(results, lines)),
        checks.money_balances(_totals_by_party(lines), _currency(results)),
        checks.energy_agrees(
            delivered_by_owner,
            {last_part(event.event.name): delivered_kwh(results, event) for event in results.events},
        ),
    ]
    if performance.killed_at is not None and performance.restarted_at is not None:
        metered_kw = results.load_kw[killed]
        # The clock is stopped soon after the last statement, so the day's end is not metered.
        until = max(event.delivery.end for event in results.events)
        missing = int(metered_kw[metered_kw.index < until].isna().sum())
        rows.append(
            checks.killed_site_resumed(
                cast.killed_site, performance.killed_at, performance.restarted_at, instructions, missing
            )
        )
    rows += [
        checks.refusal_has_reason(cast.refusing_site, instructions),
        checks.every_bid_has_reason(bid_reasons(results.events)),
        checks.every_site_forecast(
            {last_part(site): forecast.method for site, forecast in results.forecasts.items()},
            sorted(cast.site_ids),
        ),
    ]
    if performance.doors is not None:
        rows.append(checks.only_certificates_get_in(performance.doors))
    return rows


def read_lines(results: DemoResults) -> dict[str, list[StatementLine]]:
    """Read the lines of every statement from its file."""
    return {
        path.name: statement_lines(path.read_text(encoding="utf-8"))
        for path in results.files
        if is_statement(path.name)
    }


def is_statement(file_name: str) -> bool:
    """Tell a statement's own file from its summary and its manifest."""
    return file_name.endswith(".csv") and not file_name.endswith(".summary.csv")


def site_owner_parties(results: DemoResults) -> frozenset[str]:
    """Return the ids of the parties that own sites."""
    return frozenset(last_part(site.party) for site in results.sites)


def bid_reasons(events: Sequence[EventResult]) -> dict[str, str]:
    """Return the reason of every bid of every clearing, by event and bid.

    Bids that the hub keeps with a reason say it themselves; standing bids go on standing, so
    theirs is in the clearing's document.
    """
    reasons = {}
    for event in events:
        event_id = last_part(event.event.name)
        document = json.loads(event.clearing.document_json)
        stated = {last_part(outcome["bid"]): outcome["reason"] for outcome in document.get("outcomes", [])}
        for bid in event.bids:
            bid_id = last_part(bid.name)
            reasons[f"{event_id}/{bid_id}"] = bid.reason or stated.get(bid_id, "")
        for bid_id, reason in stated.items():
            reasons.setdefault(f"{event_id}/{bid_id}", reason)
    return reasons


def _energy(results: DemoResults, event: EventResult) -> checks.EventEnergy:
    return checks.EventEnergy(
        last_part(event.event.name),
        target_kwh(event),
        delivered_kwh(results, event),
        event.product.band_full_ratio,
        event.product.band_cap_ratio,
    )


def _instruction_facts(event: EventResult) -> list[checks.InstructionFact]:
    return [
        checks.InstructionFact(
            item.name,
            last_part(item.site),
            event_pb2.Instruction.State.Name(item.state).removeprefix("STATE_"),
            event_pb2.Instruction.Reason.Name(item.reason).removeprefix("REASON_"),
            item.reason_detail,
        )
        for item in event.instructions
    ]


def _statement_facts(
    results: DemoResults, lines: Mapping[str, Sequence[StatementLine]]
) -> list[checks.StatementFact]:
    totals = {statement.csv_sha256: statement for statement in results.statements}
    facts = []
    for path in results.files:
        if not is_statement(path.name):
            continue
        manifest = json.loads(path.with_name(path.name.removesuffix(".csv") + ".manifest.json").read_bytes())
        stated = totals.get(manifest["sha256"])
        faults = verify_statement(path)
        if stated is None:
            faults = [*faults, "the hub states no such hash"]
        facts.append(
            checks.StatementFact(
                path.name,
                faults,
                total(lines[path.name]),
                money_from_wire(stated.total_amount).amount if stated else Decimal(0),
                len(lines[path.name]),
            )
        )
    return facts


def _totals_by_party(lines: Mapping[str, Sequence[StatementLine]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for part in lines.values():
        for line in part:
            sums[line.party_id] = sums.get(line.party_id, Decimal(0)) + line.amount
    return sums


def _currency(results: DemoResults) -> str:
    product: portfolio_pb2.Product = results.events[0].product
    return product.currency_code
