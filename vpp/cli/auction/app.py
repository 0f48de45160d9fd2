"""`vpp auction`: its commands and their options; the work is imported when it is asked for."""

from pathlib import Path
from typing import Annotated

import typer

from vpp.auction.generated_book import BookMix
from vpp.cli.arguments import price
from vpp.cli.auction.choices import Pricing, Ties
from vpp.cli.exit_codes import EXIT_CODES_HELP, ExitCode
from vpp.cli.output import AsJson
from vpp.solver.report import SolverName

_LONGEST_S = 86_400.0

auction_app = typer.Typer(
    no_args_is_help=True,
    help="Clear, check and explain a book of bids; needs no hub.",
    epilog=EXIT_CODES_HELP,
)

BookFile = Annotated[Path, typer.Argument(help="The book, JSON.", metavar="BOOK")]
ResultFile = Annotated[Path, typer.Argument(help="The result of a clearing, JSON.", metavar="RESULT")]


@auction_app.command("clear")
def clear(  # noqa: PLR0913  one argument per option
    book: BookFile,
    *,
    out: Annotated[
        Path, typer.Option(help="File for the result, JSON; replaced only if all went well.", metavar="FILE")
    ],
    solver: Annotated[
        SolverName, typer.Option(help="Which solver decides: HiGHS is faster on large books.")
    ] = SolverName.HIGHS,
    pricing: Annotated[Pricing, typer.Option(help="How awards are paid.")] = Pricing.UNIFORM,
    fixed_price: Annotated[
        str | None, typer.Option(help="The price per MWh of --pricing fixed.", metavar="PRICE")
    ] = None,
    ties: Annotated[Ties, typer.Option(help="Who serves when several ask the same.")] = Ties.PRICE_TIME,
    time_limit: Annotated[
        float,
        typer.Option(
            min=1.0, max=_LONGEST_S, help="Most time to search for a better answer, s.", metavar="SECONDS"
        ),
    ] = 30.0,
    gap: Annotated[
        float,
        typer.Option(
            min=0.0, max=1.0, help="Share of the best cost at which the search may stop.", metavar="RATIO"
        ),
    ] = 1e-3,
    report: Annotated[
        Path | None, typer.Option(help="File for a report to read, HTML.", metavar="FILE")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="File for a drawing: merit order, awards, prices; PNG.", metavar="FILE"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Clear a book: awards, prices and a reason for every bid, with a proven bound."""
    from vpp.cli.auction.clear import ClearTask, clear_file  # noqa: PLC0415  other commands start faster
    from vpp.cli.auction.rules import clearing_rules  # noqa: PLC0415  as above

    rules = clearing_rules(
        solver=solver,
        pricing=pricing,
        fixed_price=None if fixed_price is None else price(fixed_price),
        ties=ties,
        time_limit_s=time_limit,
        gap_ratio=gap,
    )
    clear_file(ClearTask(book, rules, out, report, plot), as_json=as_json)


@auction_app.command("verify")
def verify(book: BookFile, result: ResultFile, *, as_json: AsJson = False) -> None:
    """Check a result against its book by arithmetic alone; exit code 0 only if everything holds."""
    from vpp.cli.auction.verify import verify_files  # noqa: PLC0415  other commands start faster without it

    if not verify_files(book, result, as_json=as_json):
        raise typer.Exit(ExitCode.NOT_SO)


@auction_app.command("explain")
def explain(
    result: ResultFile,
    *,
    bid: Annotated[str, typer.Option(help="The bid's id.", metavar="ID")],
    book: Annotated[
        Path | None,
        typer.Option(help="The book that was cleared, to show what was offered.", metavar="BOOK"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say why a bid won or lost, and what price would have won."""
    from vpp.cli.auction.explain import explain_bid  # noqa: PLC0415  other commands start faster without it

    explain_bid(result, bid, book, as_json=as_json)


@auction_app.command("generate")
def generate(
    *,
    bids: Annotated[int, typer.Option(min=1, max=1_000_000, help="Number of bids.")],
    intervals: Annotated[int, typer.Option(min=1, max=400, help="Number of delivery intervals.")],
    out: Annotated[Path, typer.Option(help="File for the book, JSON.", metavar="FILE")],
    mix: Annotated[BookMix, typer.Option(help="Which kinds of bids.")] = BookMix.EVERYTHING,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same book.")] = 1,
) -> None:
    """Write a realistic random book, to try things out."""
    from vpp.cli.auction.generate import generate_file  # noqa: PLC0415  other commands start faster without it

    generate_file(out, bid_count=bids, interval_count=intervals, mix=mix, seed=seed)


@auction_app.command("import-dfs")
def import_dfs(
    source: Annotated[
        Path, typer.Argument(help="Bids of the Demand Flexibility Service, CSV.", metavar="FILE")
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the books; made if it is missing.", metavar="DIR")],
) -> None:
    """Turn published bids of Great Britain's Demand Flexibility Service into one book a half-hour."""
    from vpp.cli.auction.import_dfs import import_dfs_file  # noqa: PLC0415  other commands start faster

    import_dfs_file(source, out)
