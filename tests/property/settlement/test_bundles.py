"""Whatever sites delivered: every party's bundle proves its statement alone, and no forged cell passes."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from support.csv_rows import with_rows
from support.proved_month import COUNT, OWNERS, ProvedMonth, first_evidence, with_metered

from vpp.settlement.bundle import bundle_bytes, read_bundle
from vpp.settlement.reckoned_statement import reckoned_statement
from vpp.settlement.statement_columns import COLUMNS
from vpp.settlement.statement_diff import diff_statements
from vpp.settlement.verification import line_faults

PARTIES = ("owner-a", "owner-b", "grid", "hub")
READINGS = st.lists(
    st.one_of(st.floats(0.0, 900.0).map(lambda load_kw: round(load_kw, 2)), st.just(float("nan"))),
    min_size=COUNT,
    max_size=COUNT,
)


@st.composite
def months(draw: st.DrawFn) -> ProvedMonth:
    """Draw a first version, and often a second with other readings at some sites."""
    evidence = {key: with_metered(each, draw(READINGS)) for key, each in first_evidence().items()}
    month = ProvedMonth(evidence)
    changed = draw(st.lists(st.sampled_from(sorted(evidence)), max_size=3, unique=True))
    if changed:
        month = month.after({key: with_metered(evidence[key], draw(READINGS)) for key in changed})
    return month


@settings(max_examples=40)
@given(month=months(), party_id=st.sampled_from(PARTIES))
def test_a_bundle_alone_gives_the_statement_again(month: ProvedMonth, party_id: str) -> None:
    bundle = read_bundle(bundle_bytes(month.bundle(party_id)))

    assert line_faults(month.csv(party_id), reckoned_statement(bundle)) == []


@settings(max_examples=50)
@given(month=months(), party_id=st.sampled_from(PARTIES), data=st.data())
def test_no_forged_cell_passes(month: ProvedMonth, party_id: str, data: st.DataObject) -> None:
    reckoned = reckoned_statement(month.bundle(party_id))
    row = data.draw(st.integers(0, len(reckoned.lines) - 1))
    column = data.draw(st.sampled_from(COLUMNS))
    forged = with_rows(
        month.csv(party_id), {row: {column: data.draw(st.sampled_from(["0.01", "x", "=1+1"]))}}
    )

    faults = line_faults(forged, reckoned)

    assert (faults != []) == (forged != month.csv(party_id))


@settings(max_examples=40)
@given(month=months(), party_id=st.sampled_from(PARTIES))
def test_what_a_version_changes_adds_up(month: ProvedMonth, party_id: str) -> None:
    if month.before is None:
        return
    found = diff_statements(month.before.csv(party_id), month.csv(party_id))

    assert found.faults == ()
    assert sum((change.delta_amount for change in found.changes), Decimal(0)) == found.delta_amount
    assert found.total_after == found.total_before + found.delta_amount


@settings(max_examples=20)
@given(month=months())
def test_no_owners_bundle_names_another_owners_site(month: ProvedMonth) -> None:
    for party_id in set(OWNERS.values()):
        others = {site_id for site_id, owner in OWNERS.items() if owner != party_id}
        sites = {each.site_id for each in month.bundle(party_id).evidence()}
        shared = month.bundle(party_id).shared
        assert shared is not None
        named = {cell[0] for group in shared.groups.values() for cell in group.paid_up | group.charged_up}

        assert not (sites | named) & others
