"""Everything that a statement was reckoned from, in one file that proves it on any machine.

A bundle holds evidence, product rules, the terms of the run, adjustments, what stood booked before, what the
party's lines owe to other sites as sums, and the statement's own files. Reckoned again, they give the same
lines to the last digit. A site owner's bundle holds no other owner's data.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from vpp.foundation.errors import InvalidInput
from vpp.foundation.exact_numbers import MOST_PLACES, is_sane
from vpp.foundation.plain_values import from_plain, to_plain
from vpp.portfolio.product import ProductProfile
from vpp.settlement.account import Account
from vpp.settlement.adjustment import Adjustment
from vpp.settlement.bundle_archive import pack, unpack
from vpp.settlement.entry import EntryKey
from vpp.settlement.evidence import SiteEvidence
from vpp.settlement.evidence_delivery import delivery_of
from vpp.settlement.evidence_document import evidence_digest, evidence_of
from vpp.settlement.evidence_seal import evidence_seal
from vpp.settlement.run_terms import RunTerms
from vpp.settlement.shared_figures import SharedFigures
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.statement_head import StatementHead

KIND = "vpp settlement bundle"
SCHEMA_VERSION = 1
EVIDENCE, ADJUSTMENTS, TERMS, BOOKED = (
    "evidence.jsonl",
    "adjustments.json",
    "terms.json",
    "booked_before.jsonl",
)
PRODUCTS, STATEMENT, PREVIOUS = "products/", "statement/", "previous/"

Booked = Mapping[EntryKey, tuple[Account, Account, Decimal]]
"""What stands booked by key: payer, payee and the sum."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The settlement run that wrote a statement.

    Attributes:
        run_id: Last part of `settlementRuns/{run}`.
        as_of: Readings received later were left out.
        code_version: Version of the program.
        created_at: When.
    """

    run_id: str
    as_of: datetime
    code_version: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything that a statement was reckoned from.

    Attributes:
        head: The statement.
        run: The run that wrote it.
        terms: What the run reckoned by.
        shared: What the party's lines owe to other sites; None where all sites are in the bundle.
        documents: Evidence of each site in each event, canonical JSON.
        products: The products' rules, each in the version that counts.
        adjustments: Approved adjustments of the period that concern the party.
        booked_before: What stood booked for or against the party before the run.
        files: The statement's own files by name.
        previous_csv: The version before; empty where there is none.
    """

    head: StatementHead
    run: RunFacts
    terms: RunTerms
    shared: SharedFigures | None
    documents: tuple[bytes, ...]
    products: tuple[ProductProfile, ...]
    adjustments: tuple[Adjustment, ...] = ()
    booked_before: Booked = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    previous_csv: bytes = b""

    @property
    def file_name(self) -> str:
        """Name of the bundle's file."""
        return f"{self.head.stem}.bundle.zip"

    def evidence(self) -> tuple[SiteEvidence, ...]:
        """Read the evidence.

        Raises:
            InvalidInput: A document is not one, or a site is there twice in an event.
        """
        found: dict[tuple[str, str], SiteEvidence] = {}
        for document in self.documents:
            each = evidence_of(document)
            if (each.event_id, each.site_id) in found:
                raise InvalidInput(
                    f"bundle has evidence of site {each.site_id} in event {each.event_id} twice",
                    site_id=each.site_id,
                )
            found[each.event_id, each.site_id] = each
        return tuple(found.values())

    def deliveries(self, evidence: Sequence[SiteEvidence]) -> tuple[SiteDelivery, ...]:
        """Measure what the evidence says.

        Raises:
            InvalidInput: A product's rules are missing, or evidence and product do not fit.
        """
        products = {(product.product_id, product.version): product for product in self.products}
        deliveries = []
        for each in evidence:
            product = products.get((each.product_id, each.product_version))
            if product is None:
                raise InvalidInput(
                    f"bundle lacks product {each.product_id} version {each.product_version}, which event "
                    f"{each.event_id} was settled under",
                    product_id=each.product_id,
                )
            deliveries.append(delivery_of(each, product))
        return tuple(deliveries)

    def seal(self, evidence: Sequence[SiteEvidence]) -> str:
        """Hash the evidence as the statement's manifest does."""
        return evidence_seal(
            {
                (each.event_id, each.site_id): evidence_digest(document)
                for each, document in zip(evidence, self.documents, strict=True)
            }
        )


@dataclass(frozen=True, slots=True)
class _Terms:
    """What `terms.json` holds."""

    head: StatementHead
    run: RunFacts
    terms: RunTerms
    shared: SharedFigures | None


@dataclass(frozen=True, slots=True)
class _BookedLine:
    """One line of `booked_before.jsonl`."""

    key: EntryKey
    payer: Account
    payee: Account
    amount: Decimal


def bundle_bytes(bundle: Bundle) -> bytes:
    """Write a bundle as a ZIP file; the same bundle gives the same bytes."""
    head = bundle.head
    booked = [_json_line(to_plain(_BookedLine(key, *entry))) for key, entry in bundle.booked_before.items()]
    files = {
        TERMS: _json_file(to_plain(_Terms(head, bundle.run, bundle.terms, bundle.shared))),
        ADJUSTMENTS: _json_file(to_plain(bundle.adjustments)),
        BOOKED: b"".join(sorted(booked)),
        # Evidence is canonical JSON, whose line breaks are escaped, so a line is a document.
        EVIDENCE: b"".join(document + b"\n" for document in sorted(bundle.documents)),
    }
    for product in bundle.products:
        name = f"{PRODUCTS}{product.product_id}-v{product.version}.json"
        files[name] = _json_file(product.model_dump(mode="json"))
    files |= {STATEMENT + name: content for name, content in bundle.files.items()}
    if bundle.previous_csv:
        files[f"{PREVIOUS}{head.previous}.csv"] = bundle.previous_csv
    return pack(files, {"kind": KIND, "schema_version": SCHEMA_VERSION, "statement_id": head.statement_id})


def read_bundle(archive_bytes: bytes) -> Bundle:
    """Read a bundle, which may come from anybody.

    Args:
        archive_bytes: A ZIP file.

    Returns:
        The bundle; its evidence is read when it is asked for.

    Raises:
        InvalidInput: It is no bundle, is of another schema, or a part of it is not what it should be.
    """
    files, index = unpack(archive_bytes)
    if index.get("kind") != KIND:
        raise InvalidInput(f"file is of kind {index.get('kind')!r}, expected {KIND!r}")
    if index.get("schema_version") != SCHEMA_VERSION:
        raise InvalidInput(
            f"bundle is of schema {index.get('schema_version')!r}, expected {SCHEMA_VERSION}: use the "
            "version of the program that wrote it"
        )
    for name in (TERMS, ADJUSTMENTS, BOOKED, EVIDENCE):
        if name not in files:
            raise InvalidInput(f"bundle has no {name}", file=name)
    terms = from_plain(_Terms, _json_of(files[TERMS], TERMS), TERMS)
    booked = [from_plain(_BookedLine, _json_of(line, BOOKED), BOOKED) for line in files[BOOKED].splitlines()]
    previous = [content for name, content in files.items() if name.startswith(PREVIOUS)]
    return Bundle(
        head=terms.head,
        run=terms.run,
        terms=terms.terms,
        shared=terms.shared,
        documents=tuple(files[EVIDENCE].split(b"\n")[:-1]),
        products=tuple(
            _product(content, name) for name, content in files.items() if name.startswith(PRODUCTS)
        ),
        adjustments=from_plain(
            tuple[Adjustment, ...], _json_of(files[ADJUSTMENTS], ADJUSTMENTS), ADJUSTMENTS
        ),
        booked_before={each.key: (each.payer, each.payee, each.amount) for each in booked},
        files={
            name.removeprefix(STATEMENT): content
            for name, content in files.items()
            if name.startswith(STATEMENT)
        },
        previous_csv=previous[0] if previous else b"",
    )


def _product(content: bytes, name: str) -> ProductProfile:
    try:
        product = ProductProfile.model_validate(_json_of(content, name))
    except ValidationError as error:
        raise InvalidInput(f"{name} is no product: {error}", file=name) from error
    if not _is_sane(product.model_dump()):
        raise InvalidInput(f"{name} has a number of more than {MOST_PLACES} places", file=name)
    return product


def _is_sane(value: object) -> bool:
    """Tell whether all exact numbers in a product's rules are of an ordinary size."""
    if isinstance(value, Mapping):
        return all(map(_is_sane, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_sane, value))
    return not isinstance(value, Decimal) or is_sane(value)


def _json_file(value: Any) -> bytes:  # noqa: ANN401  whatever JSON can hold
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def _json_line(value: Any) -> bytes:  # noqa: ANN401  whatever JSON can hold
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode() + b"\n"


def _json_of(content: bytes, name: str) -> Any:  # noqa: ANN401  whatever JSON can hold
    try:
        return json.loads(content.decode())
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InvalidInput(f"{name} is not UTF-8 JSON: {error}", file=name) from error
