"""Whether a statement holds: every cell against its bundle, and the bundle against the manifest."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from support.csv_rows import csv_of
from support.proved_month import ProvedMonth, first_evidence, with_metered

from vpp.foundation.errors import InvalidInput
from vpp.settlement.evidence_document import evidence_document
from vpp.settlement.manifest_signature import SignatureState
from vpp.settlement.reckoned_statement import reckoned_statement
from vpp.settlement.statement_file import file_name
from vpp.settlement.verification import check_bundle, line_faults, not_proved

Rows = list[list[str]]
PARTY = "owner-a"


@pytest.fixture(scope="module")
def month() -> ProvedMonth:
    """A first version."""
    return ProvedMonth(first_evidence())


def rewritten(csv_bytes: bytes, change: Callable[[list[str], Rows], None]) -> bytes:
    """Return a statement's file with its rows changed."""
    header, *rows = csv.reader(io.StringIO(csv_bytes.decode(), newline=""))
    change(header, rows)
    return csv_of([header, *rows])


def faults(month: ProvedMonth, csv_bytes: bytes) -> list[str]:
    found = line_faults(csv_bytes, reckoned_statement(month.bundle(PARTY)))
    return [fault.text for fault in found]


def test_an_honest_statement_has_no_fault(month: ProvedMonth) -> None:
    assert faults(month, month.csv(PARTY)) == []


def test_the_same_cells_with_other_quotes_have_no_fault(month: ProvedMonth) -> None:
    rows = list(csv.reader(io.StringIO(month.csv(PARTY).decode(), newline="")))
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)

    assert text.getvalue().encode() != month.csv(PARTY)
    assert faults(month, text.getvalue().encode()) == []


@pytest.mark.parametrize(
    ("column", "forged"),
    [
        ("amount", "9999.99"),
        ("delivered_kwh", "30.000"),
        ("metered_kwh", ""),
        ("price", "84.250001"),
        ("quality", "ESTIMATED"),
        ("delta_amount", "0.00"),
        ("note", "all is well"),
        ("line_no", "77"),
        ("flow", "CHARGE"),
    ],
)
def test_a_forged_cell_is_named_with_what_the_evidence_gives(
    month: ProvedMonth, column: str, forged: str
) -> None:
    original: list[str] = []

    def change(header: list[str], rows: Rows) -> None:
        place = header.index(column)
        original.append(rows[0][place])
        rows[0][place] = forged

    [fault] = faults(month, rewritten(month.csv(PARTY), change))

    line_no = "77" if column == "line_no" else "1"
    assert fault == (
        f"line {line_no} (alone north-1 2026-03-02T17:00:00Z ENERGY): {column} is {forged or 'empty'}, the "
        f"evidence gives {original[0] or 'nothing'}"
    )


def test_text_that_slips_from_one_cell_into_the_next_is_told(month: ProvedMonth) -> None:
    def shifted(header: list[str], rows: Rows) -> None:
        place = header.index("boundary")
        rows[0][place - 1] = f"{rows[0][place - 1]}1:"
        rows[0][place] = "poc"

    [fault] = faults(month, rewritten(month.csv(PARTY), shifted))

    assert "meter_id is north-1-poc1:" in fault


def test_a_line_left_out_and_a_line_made_up_are_named(month: ProvedMonth) -> None:
    def without_first(_header: list[str], rows: Rows) -> None:
        del rows[0]

    def one_more(header: list[str], rows: Rows) -> None:
        forged = list(rows[0])
        forged[header.index("site_id")] = "north-9"
        rows.append(forged)

    assert faults(month, rewritten(month.csv(PARTY), without_first)) == [
        "line 1 (alone north-1 2026-03-02T17:00:00Z ENERGY) is missing from the statement"
    ]
    assert faults(month, rewritten(month.csv(PARTY), one_more)) == [
        "line 1 (alone north-9 2026-03-02T17:00:00Z ENERGY) is not owed by the evidence"
    ]


def test_a_line_that_is_there_twice_is_named(month: ProvedMonth) -> None:
    def doubled(_header: list[str], rows: Rows) -> None:
        rows.append(list(rows[0]))

    assert faults(month, rewritten(month.csv(PARTY), doubled)) == [
        "line 1 (alone north-1 2026-03-02T17:00:00Z ENERGY) is not owed by the evidence"
    ]


def test_lines_in_another_order_are_the_same_lines(month: ProvedMonth) -> None:
    def turned(_header: list[str], rows: Rows) -> None:
        rows.reverse()

    assert faults(month, rewritten(month.csv(PARTY), turned)) == []


def test_other_evidence_gives_other_lines(month: ProvedMonth) -> None:
    bundle = month.bundle(PARTY)
    other = with_metered(month.evidence["alone", "north-1"], (450.0, 395.0, 410.0, 402.5))
    documents = (evidence_document(other), *bundle.documents[1:])

    found = line_faults(month.csv(PARTY), reckoned_statement(replace(bundle, documents=documents)))

    moved = [fault for fault in found if fault.column != "line_no"]  # a penalty is owed as well
    assert {fault.about for fault in moved} == {
        f"alone north-1 {start} {code}"
        for start, code in (
            ("2026-03-02T17:00:00Z", "ENERGY"),
            ("2026-03-02T17:00:00Z", "AGG_FEE"),
            ("2026-03-02T17:00:00Z", "PENALTY"),
            ("2026-03-02T17:00:00Z", "MAKE_WHOLE"),
        )
    }
    assert "metered_kwh" in {fault.column for fault in moved}


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "columns"), (b"a,b\r\n1,2\r\n", "columns"), (b"\xff", "UTF-8")],
)
def test_what_is_no_statement_is_refused(month: ProvedMonth, content: bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        faults(month, content)


def manifest_of(month: ProvedMonth) -> dict[str, object]:
    files = month.files(PARTY)
    found: dict[str, object] = json.loads(next(files[name] for name in files if name.endswith(".json")))
    return found


def test_a_bundle_of_the_statement_agrees_with_its_manifest(month: ProvedMonth) -> None:
    assert check_bundle(month.csv(PARTY), manifest_of(month), month.bundle(PARTY)) == []


def test_a_bundle_of_another_statement_is_told(month: ProvedMonth) -> None:
    [first, second, third] = check_bundle(month.csv(PARTY), manifest_of(month), month.bundle("owner-b"))

    assert first == "bundle is of statement owner-b-2026-03-v1, the manifest is of owner-a-2026-03-v1"
    assert second == "the statement's file in the bundle is another one"
    assert third.startswith("evidence_sha256 of the bundle is ")


def test_evidence_that_the_manifest_does_not_vouch_for_is_told(month: ProvedMonth) -> None:
    bundle = month.bundle(PARTY)
    other = with_metered(month.evidence["alone", "north-1"], (300.0,) * 4)

    [said] = check_bundle(
        month.csv(PARTY),
        manifest_of(month),
        replace(bundle, documents=(evidence_document(other), *bundle.documents[1:])),
    )

    assert said.startswith("evidence_sha256 of the bundle is ")


def test_rules_that_the_manifest_does_not_vouch_for_are_told(month: ProvedMonth) -> None:
    bundle = month.bundle(PARTY)
    money = bundle.products[0].money.model_copy(update={"aggregator_fee_ratio": Decimal("0.5")})
    other = bundle.products[0].model_copy(update={"money": money})

    [changed] = check_bundle(
        month.csv(PARTY), manifest_of(month), replace(bundle, products=(other, bundle.products[1]))
    )
    [missing] = check_bundle(
        month.csv(PARTY), manifest_of(month), replace(bundle, products=bundle.products[1:])
    )

    assert changed.startswith("sha256 of product example-peak-shaving version 2 in the bundle is ")
    assert "in the bundle is missing, manifest says" in missing


def test_a_manifest_that_says_nothing_of_evidence_is_no_fault(month: ProvedMonth) -> None:
    manifest = {**manifest_of(month), "evidence_sha256": ""}

    assert check_bundle(month.csv(PARTY), manifest, month.bundle(PARTY)) == []
    assert file_name(month.head(PARTY)) in month.bundle(PARTY).files


def test_what_cannot_be_proved_is_said(month: ProvedMonth) -> None:
    bundle, manifest = month.bundle(PARTY), {"evidence_sha256": "ab"}

    def said(state: SignatureState, *, is_from_hub: bool = False) -> str:
        return "; ".join(not_proved(manifest, state, bundle, has_summary=True, is_from_hub=is_from_hub))

    unsigned = said(SignatureState.UNSIGNED)
    assert "it is unsigned, and whoever made statement, manifest and bundle could make them agree" in unsigned
    assert "the hub handed out the same file just now" in said(SignatureState.UNSIGNED, is_from_hub=True)
    assert "no public key was given" in said(SignatureState.NOT_CHECKED)
    assert "not one of the public keys given" in said(SignatureState.UNKNOWN_KEY)
    signed = said(SignatureState.VALID)
    assert "comes from the hub" not in signed
    assert "hold those against your own meter" in signed
    assert "sums over sites of other owners" in signed
    without = not_proved({}, SignatureState.VALID, None, has_summary=False, is_from_hub=False)
    assert without == [
        "the lines: they were not reckoned again",
        "the summary: it does not lie beside the statement",
    ]


def test_evidence_that_no_manifest_names_is_not_proved(month: ProvedMonth) -> None:
    owner = replace(month.bundle(PARTY), shared=None, booked_before={})
    found = not_proved({}, SignatureState.VALID, owner, has_summary=False, is_from_hub=False)
    assert any("the manifest does not name it" in each for each in found)
    assert not any("sums over" in each or "stood booked" in each for each in found)


@pytest.mark.parametrize("odd", [[], {}, 3, "other"])
def test_a_manifest_of_anybodys_making_is_told_and_breaks_nothing(month: ProvedMonth, odd: object) -> None:
    bundle = month.bundle(PARTY)
    manifest = {
        "statement_id": bundle.head.statement_id,
        "party_id": odd,
        "products": [{"product_id": odd, "version": odd, "sha256": odd}],
    }
    found = check_bundle(month.csv(PARTY), manifest, bundle)
    assert any("sha256 of product" in each for each in found) == bool(odd)
    assert any(each.startswith("party_id of the bundle is owner-a") for each in found) == bool(odd)
