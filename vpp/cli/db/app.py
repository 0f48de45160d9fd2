"""`vpp db`: migrate, back up, restore, check and drill, for whoever owns the database."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from vpp.cli.db.target import KeyOption, SqliteOption, UrlFileOption, engine_of, keys_of
from vpp.cli.exit_codes import ExitCode

db_app = typer.Typer(
    name="db",
    help="Look after a hub's database: migrate, grant, back up, restore, check, drill.",
    no_args_is_help=True,
)


@db_app.command("migrate")
def run_migrate(
    *,
    sqlite: SqliteOption = None,
    url_file: UrlFileOption = None,
    to: Annotated[
        str,
        typer.Option(help="Go back to this revision instead; refused where it would lose too much."),
    ] = "",
) -> None:
    """Bring the database to the schema of this version; on PostgreSQL as the tables' owner."""
    from vpp.storage.migrate import current_revision, downgrade, migrate  # noqa: PLC0415  starts faster without

    engine = engine_of(sqlite, url_file)
    before = current_revision(engine)
    if to:
        downgrade(engine, to)
    else:
        migrate(engine)
    typer.echo(f"revision {before or 'none'} -> {current_revision(engine) or 'none'}")
    engine.dispose()


@db_app.command("grant")
def run_grant(
    *,
    url_file: UrlFileOption = None,
    user: Annotated[str, typer.Option(help="The hub's database user; made if there is none.")] = "vpp_hub",
    password_file: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Its password; else VPP_HUB_USER_PASSWORD of the environment; else left as it is.",
        ),
    ] = None,
    migrates: Annotated[
        bool, typer.Option("--migrate", help="Bring the schema to this version first.")
    ] = False,
) -> None:
    """Set up the user that the hub works as: it changes neither tables nor what is booked or recorded."""
    from vpp.storage.database_users import grant_hub_user  # noqa: PLC0415  as above
    from vpp.storage.migrate import migrate  # noqa: PLC0415  as above

    engine = engine_of(None, url_file)
    password = os.environ.get("VPP_HUB_USER_PASSWORD", "")
    if password_file is not None:
        password = password_file.read_text(encoding="utf-8").strip()
    if migrates:
        migrate(engine)
    grant_hub_user(engine, user, password)
    engine.dispose()
    typer.echo(f"{user} may add and change what the hub works on, and nothing else")


@db_app.command("backup")
def run_backup(
    *,
    out: Annotated[Path, typer.Option(help="A folder that does not exist yet.")],
    sqlite: SqliteOption = None,
    url_file: UrlFileOption = None,
    key_file: KeyOption = None,
) -> None:
    """Copy the database as it is at one instant, while the hub works, with what proves the copy."""
    from vpp.foundation.clock import SystemClock  # noqa: PLC0415  as above
    from vpp.storage.backup.backing_up import back_up  # noqa: PLC0415  as above

    engine = engine_of(sqlite, url_file)
    manifest = back_up(engine, out, SystemClock(), keys_of(key_file))
    engine.dispose()
    rows = sum(state.rows for state in manifest.tables.values())
    typer.echo(f"{out}: as of {manifest.made_at.isoformat()}, {rows} rows, {manifest.size} bytes")
    typer.echo(f"manifest SHA-256 {manifest.digest}: note it elsewhere, it proves the whole backup")
    if key_file is None:
        typer.echo("not sealed: whoever reads this folder reads everything; --key-file seals it", err=True)


@db_app.command("restore")
def run_restore(
    *,
    backup: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="The backup's folder.")],
    sqlite: SqliteOption = None,
    url_file: UrlFileOption = None,
    key_file: KeyOption = None,
) -> None:
    """Restore a backup into an empty place, and prove that everything has arrived."""
    from vpp.foundation.clock import SystemClock  # noqa: PLC0415  as above
    from vpp.storage.backup.restoring import restore  # noqa: PLC0415  as above

    engine = engine_of(sqlite, url_file)
    manifest = restore(backup, engine, SystemClock(), keys_of(key_file))
    engine.dispose()
    typer.echo(f"restored as of {manifest.made_at.isoformat()}: {len(manifest.tables)} tables as they were")
    typer.echo("a hub starts on it once with --after-restore, when you have compared what others hold")


@db_app.command("mark-restored")
def run_mark_restored(
    *,
    as_of: Annotated[
        str, typer.Option(help="How things were when is what it shows: ISO 8601 with its zone.")
    ],
    sqlite: SqliteOption = None,
    url_file: UrlFileOption = None,
) -> None:
    """Note that a database came back by other means: a base copy and its log, or a copied file."""
    from vpp.foundation.clock import SystemClock  # noqa: PLC0415  as above
    from vpp.foundation.errors import InvalidInput  # noqa: PLC0415  as above
    from vpp.storage.unit_of_work import SqlUnitOfWorkFactory  # noqa: PLC0415  as above
    from vpp.workflows.restoration import note_restore  # noqa: PLC0415  as above

    try:
        instant = datetime.fromisoformat(as_of)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise InvalidInput(
            f"as-of is {as_of}, expected an instant with its zone, as 2026-03-01T12:00:00Z", as_of=as_of
        )
    engine = engine_of(sqlite, url_file)
    note_restore(SqlUnitOfWorkFactory(engine, SystemClock()), instant.astimezone(UTC), "")
    engine.dispose()
    typer.echo("noted: a hub starts on it once with --after-restore, when you have compared what others hold")


@db_app.command("check")
def run_check(*, sqlite: SqliteOption = None, url_file: UrlFileOption = None) -> None:
    """Check pages, references, ledger and audit record; exit code 1 if anything does not hold."""
    from vpp.storage.backup.checking import check_database  # noqa: PLC0415  as above

    engine = engine_of(sqlite, url_file)
    outcomes = check_database(engine)
    engine.dispose()
    for outcome in outcomes:
        typer.echo(f"{outcome.name}: {'FAULTY' if outcome.faults else 'good'} {outcome.remark}".rstrip())
        for fault in outcome.faults:
            typer.echo(f"  {fault}")
    if any(outcome.faults for outcome in outcomes):
        raise typer.Exit(ExitCode.NOT_SO)


@db_app.command("drill")
def run_drill(
    *,
    kind: Annotated[
        Literal["sqlite", "postgresql"], typer.Option(help="On a file, or a server of the drill's own.")
    ] = "sqlite",
    seconds: Annotated[float, typer.Option(min=1, max=600, help="How long it writes in all, s.")] = 6.0,
) -> None:
    """Lose a database under load and restore it, in a folder of the drill's own; prints RPO and RTO."""
    from vpp.storage.backup.drill import drill_postgresql, drill_sqlite  # noqa: PLC0415  as above

    outcome = (drill_sqlite if kind == "sqlite" else drill_postgresql)(seconds)
    for line in outcome.lines():
        typer.echo(line)
    if outcome.faults:
        raise typer.Exit(ExitCode.NOT_SO)
