"""Any text survives the file, no text becomes a formula, and no change goes unnoticed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from support.settled import statements_of

from vpp.settlement.csv_cell import guarded, unguarded
from vpp.settlement.csv_table import table_rows
from vpp.settlement.manifest import ManifestFacts
from vpp.settlement.manifest_check import verify
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.statement import Statement
from vpp.settlement.statement_file import parse_csv, render_csv
from vpp.settlement.statement_files import write_statement

Books = Callable[..., st.SearchStrategy[list[SiteDelivery]]]
RISKY = st.sampled_from("=+-@'\"\t\r\n,;＝＋－＠")  # noqa: RUF001  what a spreadsheet might act on
TEXT = st.text(RISKY | st.characters(exclude_categories=["Cs"]), max_size=20)
WRITTEN_AT = datetime(2026, 4, 1, 9, tzinfo=UTC)


def written(book: list[SiteDelivery]) -> list[Statement]:
    """Everybody's first statement, without those that have no line."""
    return list(statements_of(book).values())


@given(TEXT)
def test_guarded_text_is_no_formula_and_comes_back(text: str) -> None:
    assert guarded(text)[:1] not in set("=+-@\t\r\n＝＋－＠")  # noqa: RUF001  the signs themselves
    assert unguarded(guarded(text)) == text


@given(data=st.data(), texts=st.tuples(TEXT, TEXT, TEXT))
@settings(deadline=None, max_examples=60)
def test_a_statement_comes_back_whatever_its_texts(
    random_books: Books, data: st.DataObject, texts: tuple[str, str, str]
) -> None:
    for statement in written(data.draw(random_books())):
        meter_id, note, source = texts
        lines = tuple(
            line._replace(meter_id=meter_id, note=note, ef_source=source) for line in statement.lines
        )
        odd = replace(statement, lines=lines)
        content = render_csv(odd)
        assert parse_csv(content) == odd
        header, *rows = table_rows(content)
        text_columns = [header.index(name) for name in ("meter_id", "note", "ef_source")]
        assert all(row[n][:1] not in {"=", "+", "-", "@"} for row in rows for n in text_columns)


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_every_changed_byte_is_noticed(random_books: Books, data: st.DataObject) -> None:
    statement = written(data.draw(random_books()))[0]
    facts = ManifestFacts(code_version="1", created_at=WRITTEN_AT)
    content, summary, manifest = write_statement(statement.head, statement.lines, facts).files.values()
    assert verify(content, manifest, summary_bytes=summary) == []
    position = data.draw(st.integers(0, len(content) - 1))
    changed = bytearray(content)
    changed[position] ^= data.draw(st.integers(1, 255))
    assert verify(bytes(changed), manifest) != []


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_two_files_get_an_answer(content: bytes, manifest: bytes) -> None:
    assert verify(content, manifest) != []
