"""From what a run changes to the statements that say so: for exactly the parties whose lines it changes."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vpp.foundation.audit_chain import chain_of
from vpp.foundation.errors import InvalidInput
from vpp.foundation.signed_head import SignedHead
from vpp.settlement.booking_changes import Change, Purse, Sums, lines_of, sums_of
from vpp.settlement.evidence import SiteEvidence
from vpp.settlement.evidence_seal import evidence_seal
from vpp.settlement.manifest import ManifestFacts
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.statement_files import write_statement
from vpp.settlement.statement_head import StatementHead, statement_id_of
from vpp.settlement.statement_names import StatementNames
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.packed_files import PackedFiles
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.records import StatementRecord
from vpp.workflows.settlement_inputs import Pair, SettlementInputs
from vpp.workflows.settlement_outcome import PartyChange, Progress
from vpp.workflows.settlement_records import RunRecord


@dataclass(frozen=True, slots=True)
class Planned:
    """A version of a statement that is to be written.

    Attributes:
        head: What its lines share.
        own: The party's changes.
        sums: What they come to.
        previous_manifest_sha256: Digest of the manifest of the version before; empty for the first.
        audit_head: The newest signed head of the party's chain; None where there is none.
    """

    head: StatementHead
    own: Sequence[Change]
    sums: Sums
    previous_manifest_sha256: str
    audit_head: SignedHead | None

    @property
    def change(self) -> PartyChange:
        """What the run changes for the party."""
        head = self.head
        return PartyChange(
            party_id=head.party_id,
            currency=head.currency,
            version=head.version,
            changed_line_count=self.sums.changed,
            total=self.sums.total,
            delta=self.sums.delta,
        )


def plan_statements(  # noqa: PLR0913  what is planned, and by what
    uow: UnitOfWork,
    period: str,
    run_type: RunType,
    parties: Mapping[Purse, Sequence[Change]],
    *,
    rules: MarketRules,
    new: frozenset[Pair],
) -> list[Planned]:
    """Decide who gets a version: whose amounts change, who has new lines, and of a final run everybody.

    Args:
        uow: The transaction that the inputs were read in.
        period: Settlement period, YYYY-MM.
        run_type: Why the run is made.
        parties: Everybody's changes, from `by_party`.
        rules: The hub's rules.
        new: Sites in events that are settled for the first time.

    Returns:
        The versions, by party and currency.

    Raises:
        InvalidInput: There is more than one currency, and the settings do not say which is the hub's own.
    """
    home = _home(period, parties, rules)
    newest: dict[Purse, StatementRecord] = {}
    for stored in uow.statements.heads(where={"period": period}, limit=EVERYTHING):
        record = stored.value
        known = newest.get((record.party_id, record.currency))
        if known is None or record.version > known.version:
            newest[record.party_id, record.currency] = record
    signed = uow.audit.newest_signed(sorted({chain_of(party_id) for party_id, _ in parties}))
    planned = []
    for purse in sorted(parties):
        own, (party_id, currency) = parties[purse], purse
        sums = sums_of(own, purse)
        is_new = any(
            change.charge is not None and (change.key.event_id, change.key.site_id) in new for change in own
        )
        if not (sums.changed or is_new or run_type is RunType.FINAL):
            continue
        previous = newest.get(purse)
        version = previous.version + 1 if previous else 1
        head = StatementHead(
            statement_id=statement_id_of(party_id, period, version, "" if currency == home else currency),
            party_id=party_id,
            period=period,
            version=version,
            run_type=run_type,
            currency=currency,
            previous=previous.statement_id if previous else "",
        )
        audit_head = signed.get(chain_of(party_id))
        planned.append(Planned(head, own, sums, _manifest_digest(uow, previous), audit_head))
    return planned


def _home(period: str, parties: Mapping[Purse, Sequence[Change]], rules: MarketRules) -> str:
    """Return the currency whose statements need not name it."""
    currencies = sorted({currency for _, currency in parties})
    if rules.settlement.home_currency:
        return rules.settlement.home_currency
    if len(currencies) > 1:
        raise InvalidInput(
            f"period {period} has amounts in {', '.join(currencies)}, expected one currency as long as "
            "home_currency in [settlement] of the hub's settings does not say which is the hub's own",
            period=period,
            setting="settlement.home_currency",
        )
    return currencies[0] if currencies else ""


def _manifest_digest(uow: UnitOfWork, previous: StatementRecord | None) -> str:
    """Return the digest of the manifest of a version, so that versions are a chain."""
    stored = None if previous is None else uow.statements.get(previous.statement_id)
    names = [] if stored is None else [name for name in stored.value.files if name.endswith(".manifest.json")]
    return hashlib.sha256(stored.value.files[names[0]]).hexdigest() if stored and names else ""


def write_statements(  # noqa: PLR0913  what is written, and all that it says
    planned: Sequence[Planned],
    run: RunRecord,
    inputs: SettlementInputs,
    *,
    deliveries: Mapping[Pair, SiteDelivery],
    rules: MarketRules,
    names: Mapping[str, str],
    progress: Progress,
) -> Iterator[StatementRecord]:
    """Write statements, one after the other, each kept compressed.

    Args:
        planned: Which.
        run: The run that writes them.
        inputs: What it was reckoned from.
        deliveries: Deliveries by event and site, for lines that are taken back.
        rules: The hub's rules: tax, payment, who signs.
        names: Names of parties for people.
        progress: Is told how far it is.
    """
    label = _label(run, inputs.runs)
    by_party = _evidence_by_party(inputs.evidence, rules.aggregator_party_id)
    for count, one in enumerate(planned):
        progress("write", count, len(planned))
        head = one.head
        seen = by_party.get(head.party_id, [])
        facts = ManifestFacts(
            code_version=rules.code_version,
            created_at=run.created_at,
            run_id=run.run_id,
            run_label=label,
            evidence_sha256=evidence_seal(
                {(each.event_id, each.site_id): inputs.digests[each.event_id, each.site_id] for each in seen}
            ),
            data_versions=_data_versions(seen),
            product_sha256=inputs.product_digests,
            rule_sha256={
                each.baseline.rule_id: each.baseline.rule_digest
                for each in seen
                if each.baseline.rule_id and each.baseline.rule_digest
            },
            names=StatementNames(
                names.get(head.party_id, ""), {each.site_id: each.site_name for each in seen}
            ),
            previous_manifest_sha256=one.previous_manifest_sha256,
            audit_head=one.audit_head,
        )
        written = write_statement(
            head,
            (line for line, _ in lines_of(one.own, head, deliveries)),
            facts,
            terms=rules.payment_book.terms_of(head.party_id),
            signer=rules.statement_signer,
        )
        yield StatementRecord(
            statement_id=head.statement_id,
            party_id=head.party_id,
            period=head.period,
            version=head.version,
            run_type=head.run_type.value,
            line_count=written.tally.line_count,
            currency=head.currency,
            total=written.tally.total,
            delta=written.tally.delta,
            csv_sha256=written.csv_sha256,
            files=PackedFiles.of(written.files),
            run_id=run.run_id,
        )
    progress("write", len(planned), len(planned))


def _label(run: RunRecord, before: Sequence[RunRecord]) -> str:
    """Name a run for people: recalculations and adjustments are counted.

    Returns:
        For example `INITIAL` or `RECALC_2`.
    """
    if run.run_type in {RunType.INITIAL, RunType.FINAL}:
        return run.run_type.name
    return f"{run.run_type.name}_{1 + sum(one.run_type is run.run_type for one in before)}"


def _data_versions(evidence: Sequence[SiteEvidence]) -> dict[str, int]:
    """Return the number of the newest batch of readings of each site."""
    newest: dict[str, int] = {}
    for each in evidence:
        newest[each.site_id] = max(each.meter.data_version, newest.get(each.site_id, 0))
    return newest


def _evidence_by_party(
    evidence: Sequence[SiteEvidence], aggregator_party_id: str
) -> dict[str, list[SiteEvidence]]:
    """Return whose lines rest on which evidence: an owner's on its own, the aggregator's on all."""
    found: dict[str, list[SiteEvidence]] = {aggregator_party_id: list(evidence)}
    for each in evidence:
        for party_id in {each.party_id, each.operator_party_id} - {aggregator_party_id}:
            found.setdefault(party_id, []).append(each)
    return found
