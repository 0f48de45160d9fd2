"""`vpp operator baselines`: what sites are measured against, by which rules, and whether it holds."""

from typing import Annotated

import typer
from rich.console import Console

from vpp.cli.arguments import full_name
from vpp.cli.connection import connection_of
from vpp.cli.desk.baseline_tables import (
    baseline_tables,
    baselines_table,
    choices_table,
    edits_table,
    scores_table,
    verified_table,
)
from vpp.cli.desk.event import EventName
from vpp.cli.exit_codes import ExitCode
from vpp.cli.output import AsJson, show, to_json
from vpp.v1 import baseline_pb2 as wire

baselines_app = typer.Typer(
    no_args_is_help=True, help="See what sites are measured against, and by which rules."
)
Site = Annotated[str, typer.Option(help="The site, as an id or sites/ID.")]
OnlySite = Annotated[str, typer.Option("--site", help="Only this site's, as an id or sites/ID.")]
OnlyProduct = Annotated[
    str, typer.Option("--product", help="Only for this product, as an id or products/ID.")
]


@baselines_app.command("list")
def list_baselines(context: typer.Context, *, name: EventName, as_json: AsJson = False) -> None:
    """List an event's baselines, one line per site."""
    hub = connection_of(context)
    request = wire.ListBaselinesRequest(event=full_name("events", name))
    baselines = hub.every(hub.baseline.ListBaselines, request, "baselines")
    show(as_json, baselines, baselines_table(baselines))


@baselines_app.command("show")
def show_baseline(context: typer.Context, *, name: EventName, site: Site, as_json: AsJson = False) -> None:
    """Show a site's baseline: its figures, its rule, the data behind it, and what looks odd."""
    hub = connection_of(context)
    request = wire.GetBaselineRequest(event=full_name("events", name), site=full_name("sites", site))
    baseline = hub.call(hub.baseline.GetBaseline, request)
    if as_json:
        typer.echo(to_json(baseline))
        return
    for table in baseline_tables(baseline):
        Console().print(table)


@baselines_app.command("verify")
def verify_baseline(context: typer.Context, *, name: EventName, site: Site, as_json: AsJson = False) -> None:
    """Have the hub make a frozen baseline again from the readings of then, and compare."""
    hub = connection_of(context)
    request = wire.VerifyBaselineRequest(event=full_name("events", name), site=full_name("sites", site))
    answer = hub.call(hub.baseline.VerifyBaseline, request)
    show(as_json, answer, verified_table(name, site, answer))
    if not answer.matches:
        raise typer.Exit(ExitCode.NOT_SO)


@baselines_app.command("edits")
def list_edits(context: typer.Context, *, name: EventName, site: Site, as_json: AsJson = False) -> None:
    """List the readings that were edited or flagged before a baseline used them."""
    hub = connection_of(context)
    request = wire.ListMeterEditsRequest(event=full_name("events", name), site=full_name("sites", site))
    edits = hub.every(hub.baseline.ListMeterEdits, request, "edits")
    show(as_json, edits, edits_table(edits))


@baselines_app.command("rules")
def list_rules(
    context: typer.Context, *, site: OnlySite = "", product: OnlyProduct = "", as_json: AsJson = False
) -> None:
    """List by which rules sites are or were measured; with --site, how well each rule fits it."""
    hub = connection_of(context)
    request = wire.ListRuleChoicesRequest(
        site=full_name("sites", site) if site else "",
        product=full_name("products", product) if product else "",
    )
    choices = hub.every(hub.baseline.ListRuleChoices, request, "choices")
    show(as_json, choices, choices_table(choices))
    if site and not as_json:
        for choice in choices:
            Console().print(scores_table(choice))
