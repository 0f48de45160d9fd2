"""What proves a statement, put together from what its run kept: a party's own part, and no other's."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vpp.foundation.errors import WrongState
from vpp.portfolio.product import ProductProfile
from vpp.settlement.adjustment import Adjustment
from vpp.settlement.bundle import Booked, Bundle, RunFacts, bundle_bytes
from vpp.settlement.evidence_delivery import delivery_of
from vpp.settlement.evidence_document import evidence_of
from vpp.settlement.reckoning import reckon
from vpp.settlement.run_terms import RunTerms
from vpp.settlement.run_type import RunType
from vpp.settlement.shared_figures import SharedFigures
from vpp.settlement.statement_head import StatementHead
from vpp.workflows.acting import acting_as
from vpp.workflows.identity import Principal
from vpp.workflows.ports import UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import product_of, promised
from vpp.workflows.records import StatementRecord
from vpp.workflows.settlement_records import RunRecord
from vpp.workflows.settlement_terms import SettlementTerms, terms_of
from vpp.workflows.viewing_results import visible_statement

ProductKey = tuple[str, int]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A document that a run kept, and whose it is.

    Attributes:
        document: Canonical JSON.
        pair: Event id and site id.
        party_id: Owner of the site.
        operator_party_id: Who buys.
        product: Id and version of the product.
    """

    document: bytes
    pair: tuple[str, str]
    party_id: str
    operator_party_id: str
    product: ProductKey


def statement_bundle(units: UnitOfWorkFactory, principal: Principal, statement_id: str) -> tuple[str, bytes]:
    """Put everything together that a statement was reckoned from.

    Args:
        units: Makes the transaction.
        principal: Who asks.
        statement_id: The statement.

    Returns:
        Name of the bundle's file, and its bytes; the same for the same statement.

    Raises:
        NotFound: There is no such statement that the caller may see.
        WrongState: It was written before evidence was kept.
    """
    with units(write=False) as uow:
        visible_statement(uow, principal, statement_id)
    # The hub puts together what belongs to it: the run, and what all sites did, are no rows of a party's.
    with acting_as(None), units(write=False) as uow:
        record = promised(uow.statements.get(statement_id), f"statements/{statement_id}").value
        run = uow.settlement_runs.get(record.run_id) if record.run_id else None
        if run is None or not run.terms:
            raise WrongState(
                f"statements/{statement_id} was written before evidence was kept, so only its manifest is "
                "left to prove it with",
                statement=statement_id,
            )
        bundle = _bundle(uow, record, run)
    return bundle.file_name, bundle_bytes(bundle)


def _bundle(uow: UnitOfWork, record: StatementRecord, run: RunRecord) -> Bundle:
    """Put a statement's bundle together."""
    terms, party_id = terms_of(run), record.party_id
    everything = [
        _kept(evidence.document)
        for evidence in uow.settlement_runs.evidence(run.period, up_to_run=run.number)
    ]
    sees_all = party_id == terms.run.aggregator_party_id
    own = [kept for kept in everything if sees_all or party_id in {kept.party_id, kept.operator_party_id}]
    adjustments = [
        each for each in terms.adjustments if party_id in {each.payer_party_id, each.payee_party_id}
    ]
    products = _products(uow, {kept.product for kept in own})
    owns = any(kept.party_id == party_id for kept in own)
    shared = _shared(uow, run.period, terms, own, everything) if owns and not sees_all else None
    head = _head(record)
    return Bundle(
        head=head,
        run=RunFacts(run.run_id, run.as_of, run.code_version, run.created_at),
        terms=terms.run if sees_all else _own_terms(terms.run, own, adjustments),
        shared=shared,
        documents=tuple(kept.document for kept in own),
        products=tuple(products[key] for key in sorted(products)),
        adjustments=tuple(adjustments),
        booked_before=_booked(uow, record, run),
        files=record.files,
        previous_csv=_previous_csv(uow, head),
    )


def _kept(document: bytes) -> _Kept:
    content = json.loads(document)
    return _Kept(
        document,
        (content["event_id"], content["site_id"]),
        content["party_id"],
        content["operator_party_id"],
        (content["product_id"], content["product_version"]),
    )


def _products(uow: UnitOfWork, keys: Iterable[ProductKey]) -> dict[ProductKey, ProductProfile]:
    return {key: product_of(uow, *key) for key in keys}


def _shared(
    uow: UnitOfWork, period: str, terms: SettlementTerms, own: Sequence[_Kept], everything: Sequence[_Kept]
) -> SharedFigures:
    """Sum what an owner's lines owe to other sites, where a product judges or budgets them together."""
    products = {
        key: product
        for key, product in _products(uow, {kept.product for kept in own}).items()
        if product.money.measured_as == "aggregate" or product.money.budget is not None
    }
    pairs = {kept.pair for kept in own}
    whole = {event_id for event_id, _ in pairs} - {
        kept.pair[0] for kept in everything if kept.pair not in pairs
    }
    if not products:
        return SharedFigures(whole_event_ids=frozenset(whole))
    deliveries = [
        delivery_of(evidence_of(kept.document), products[kept.product])
        for kept in everything
        if kept.product in products
    ]
    return reckon(period, deliveries, run=terms.run).shared.of_pairs(pairs, whole)


def _own_terms(run: RunTerms, own: Sequence[_Kept], adjustments: Sequence[Adjustment]) -> RunTerms:
    """Leave out of a run's terms what names sites and operators that the party has nothing to do with."""
    known = {kept.operator_party_id for kept in own}
    known |= {each.payer_party_id for each in adjustments} | {each.payee_party_id for each in adjustments}
    return replace(
        run,
        first_settled=run.first_settled & {kept.pair for kept in own},
        operator_party_ids=run.operator_party_ids & known,
    )


def _head(record: StatementRecord) -> StatementHead:
    previous = ""
    if record.version > 1:
        previous = record.statement_id.removesuffix(f"v{record.version}") + f"v{record.version - 1}"
    return StatementHead(
        statement_id=record.statement_id,
        party_id=record.party_id,
        period=record.period,
        version=record.version,
        run_type=RunType(record.run_type),
        currency=record.currency,
        previous=previous,
    )


def _booked(uow: UnitOfWork, record: StatementRecord, run: RunRecord) -> Booked:
    """Return what stood booked for or against the party before the run."""
    booked = uow.ledger.booked(record.period, up_to_run=run.number - 1, party_id=record.party_id)
    return {key: entry for key, entry in booked.items() if entry[0].currency == record.currency}


def _previous_csv(uow: UnitOfWork, head: StatementHead) -> bytes:
    stored = uow.statements.get(head.previous) if head.previous else None
    return b"" if stored is None else stored.value.files[f"{_head(stored.value).stem}.csv"]
