"""`vpp audit replay`: clears auctions again from what the record says that they were cleared from."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vpp.cli.exit_codes import ExitCode
from vpp.cli.output import AsJson, make_table, show
from vpp.foundation.errors import InvalidInput

if TYPE_CHECKING:
    from vpp.auction.clearing_input import Replay


def replay(
    *,
    file: Annotated[Path, typer.Argument(help="What `vpp audit export --all` wrote.", metavar="FILE")],
    event: Annotated[
        str | None, typer.Option(help="Only this event, as an id or events/ID.", metavar="EVENT")
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            help="Folder for each auction's book and result, as `vpp auction verify` reads them.",
            metavar="FOLDER",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the file, clear every auction in it again, and compare byte for byte.

    Each bid of an auction's book is opened too, and held against the commitment that was written down when it
    was entered.

    Left out of the comparison is how long it took. Another version of the solver, or a search that ran into
    its time limit the one time and not the other, can give another answer under the same rules.

    Emergencies are in the file once their delivery is over: until then the bids that they call are kept
    sealed. Exit code 1 if anything differs.
    """
    from vpp.auction.clearing_input import replay as replayed  # noqa: PLC0415  loads the solver
    from vpp.foundation.audit_export import documents_of, figures_of  # noqa: PLC0415  other commands start faster
    from vpp.foundation.audit_verification import verify_export  # noqa: PLC0415  as above

    try:
        lines = file.read_bytes().splitlines(keepends=True)
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}", file=str(file)) from None
    faults = verify_export(lines, keys={}).faults
    if faults:
        raise InvalidInput(f"{file} does not hold: {faults[0]}", file=str(file))
    documents = dict(documents_of(lines))
    wanted = None if event is None else f"events/{event.removeprefix('events/')}"
    recorded: dict[str, set[str]] = {}
    for subject, commitment in figures_of(lines, "commitment"):
        recorded.setdefault(subject, set()).add(commitment)
    results: dict[str, Replay] = {}
    for name in sorted(documents):
        event_name, _, kind = name.rpartition("/")
        if kind == "clearingInput" and wanted in {None, event_name}:
            clearing = documents.get(f"{event_name}/clearing")
            if clearing is None:
                raise InvalidInput(f"{file} holds no clearing of {event_name}", file=str(file))
            results[event_name] = replayed(documents[name], clearing, recorded)
            if keep is not None:
                _keep(keep, event_name.partition("/")[2], documents[name], clearing)
    if not results:
        raise InvalidInput(f"{file} holds no auction that could be cleared again", file=str(file))
    _tell(results, as_json=as_json)
    if not all(result.is_same and not result.opened.violations for result in results.values()):
        raise typer.Exit(ExitCode.NOT_SO)


def _keep(folder: Path, event_id: str, cleared_from: str, clearing: str) -> None:
    texts = {"book": json.dumps(json.loads(cleared_from)["book"]), "result": clearing}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for what, text in texts.items():
            (folder / f"{event_id}.{what}.json").write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"--keep {folder} cannot be written: {error.strerror}", keep=str(folder)) from None


def _tell(results: "dict[str, Replay]", *, as_json: bool) -> None:
    table = make_table(
        "Cleared again", "event", "solver then", "solver now", "same bytes", "differing", "bids as committed"
    )
    for name, result in results.items():
        table.add_row(
            name,
            result.then,
            result.now,
            "yes" if result.is_same else "no",
            ", ".join(result.differing),
            "; ".join((f"{result.opened.count:,}", *result.opened.violations)),
        )
    document = {
        name: {
            "solver_then": result.then,
            "solver_now": result.now,
            "is_same": result.is_same,
            "differing": list(result.differing),
            "committed_bid_count": result.opened.count,
            "violations": list(result.opened.violations),
        }
        for name, result in results.items()
    }
    show(as_json, document, table)
