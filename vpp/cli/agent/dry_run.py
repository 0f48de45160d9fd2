"""`vpp agent dry-run`: what the site could do now, and what it would make of an instruction."""

import json
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.console import Console

from vpp.cli.agent.options import SiteConfig
from vpp.cli.exit_codes import ExitCode
from vpp.cli.output import AsJson, make_table, power


def dry_run(
    *,
    config: SiteConfig,
    target_kw: Annotated[
        float | None,
        typer.Option(
            help="Judge an instruction of this many kW; negative to raise consumption.", metavar="KW"
        ),
    ] = None,
    minutes: Annotated[
        float, typer.Option(help="How long it would last.", min=1.0, metavar="MINUTES")
    ] = 60.0,
    starts_in: Annotated[
        float, typer.Option("--in", help="In how many minutes it would start.", min=0.0, metavar="MINUTES")
    ] = 15.0,
    as_json: AsJson = False,
) -> None:
    """Read meter and devices, judge and plan, and command nothing.

    Needs the agent to be stopped, since two programs must not talk to one site's equipment. To run dry
    beside the hub for longer, use vpp agent run --dry-run. Exit code 1 if the instruction would be refused.
    """
    from vpp.agent.rehearsal import rehearse  # noqa: PLC0415  the command line starts faster without
    from vpp.agent.settings import load_settings  # noqa: PLC0415  as above
    from vpp.cli.site_driver import site_driver  # noqa: PLC0415  as above

    found = rehearse(
        load_settings(config),
        site_driver,
        target_kw=target_kw,
        duration=timedelta(minutes=minutes),
        lead=timedelta(minutes=starts_in),
    )
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        _print(found)
    is_refused = found["verdict"] is not None and found["verdict"]["answer"] == "REFUSED"
    raise typer.Exit(ExitCode.NOT_SO if is_refused else ExitCode.OK)


def _print(found: dict[str, Any]) -> None:
    console = Console()
    load = "unknown" if found["load_kw"] is None else power(found["load_kw"])
    console.print(f"{found['site']} at {found['at']}: load {load}, nothing is commanded")
    table = make_table(
        "Resources", "resource", ">down", ">for", ">promised", ">up", ">price per MWh", "remark"
    )
    for each in found["resources"]:
        table.add_row(
            each["resource_id"],
            power(each["p_max_kw"]),
            f"{each['max_duration_s'] / 60:,.0f} min",
            power(each["promised_kw"]),
            power(each["increase_kw"]),
            each["price_per_mwh"] or "-",
            each["remark"] or "-",
        )
    console.print(table)
    verdict = found["verdict"]
    if verdict is None:
        return
    console.print(f"An instruction of {power(verdict['target_kw'])} would be {verdict['answer']}", end="")
    console.print(f": {verdict['detail']}" if verdict["detail"] else "")
    shares = make_table(
        "Split", "from", ">target", *[f">{each['resource_id']}" for each in found["resources"]]
    )
    for row in verdict["split"]:
        shares.add_row(
            row["start"],
            power(row["target_kw"]),
            *[power(row["share_kw"].get(each["resource_id"], 0.0)) for each in found["resources"]],
        )
    console.print(shares)
