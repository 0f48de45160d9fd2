"""`vpp auction import-dfs`: books from the published bids of Great Britain's flexibility service."""

from pathlib import Path

from rich.console import Console

from vpp.auction.book_json import book_to_document
from vpp.auction.dfs_book import DfsHalfHour, dfs_books
from vpp.auction.dfs_rows import read_dfs_rows
from vpp.cli.auction.files import check_targets, to_bytes, write_all
from vpp.cli.output import make_table, power
from vpp.foundation.errors import InvalidInput, NotFound


def import_dfs_file(source: Path, out: Path) -> None:
    """Write one book for each half-hour of a file of bids, and say what was in fact bought.

    Args:
        source: CSV as published.
        out: Folder of the books; made if it is missing, files of the same names are replaced.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It is no such file, has no bids, or the folder cannot be written.
    """
    half_hours = _half_hours(source)
    if not half_hours:
        raise InvalidInput(
            f"{source} has no bids below its header; give a file with at least one", path=str(source)
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(
            f"--out {out} cannot be a folder: {error.strerror}; choose another", path=str(out)
        ) from None
    books = {out / f"{half_hour.book.auction_id}.json": half_hour for half_hour in half_hours}
    check_targets({f"book {path.name}": path for path in books}, inputs={"FILE": source})
    write_all({path: to_bytes(book_to_document(half_hour.book)) for path, half_hour in books.items()})
    _print(out, books)


def _half_hours(source: Path) -> tuple[DfsHalfHour, ...]:
    text = _text(source)
    try:
        return dfs_books(read_dfs_rows(text))
    except InvalidInput as error:
        raise InvalidInput(f"{source} is no file of bids: {error}", **error.metadata) from error


def _text(source: Path) -> str:
    try:
        return source.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise NotFound(f"{source} does not exist; check the path", path=str(source)) from None
    except OSError as error:
        raise InvalidInput(f"{source} cannot be read: {error.strerror}", path=str(source)) from None
    except UnicodeDecodeError:
        raise InvalidInput(
            f"{source} is not text in UTF-8; give the CSV file as published", path=str(source)
        ) from None


def _print(out: Path, books: dict[Path, DfsHalfHour]) -> None:
    table = make_table(
        f"Books written to {out}",
        "book",
        ">bids",
        ">target",
        ">bought for GBP",
        ">empty rows",
    )
    for path, half_hour in books.items():
        book = half_hour.book
        table.add_row(
            path.name,
            f"{len(book.bids):,}",
            power(book.target_kw[0]),
            f"{half_hour.accepted_cost_gbp:,.2f}",
            f"{len(half_hour.empty_rows):,}",
        )
    console = Console(highlight=False)
    console.print(table)
    first = next(iter(books))
    console.print(
        f"Clear one:  vpp auction clear {first} --pricing as-bid --out RESULT.json",
        soft_wrap=True,
        markup=False,
    )
