"""`vpp operator sites scores`: what sites have shown that they can do."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from vpp.cli.arguments import full_name
from vpp.cli.connection import connection_of
from vpp.cli.output import AsJson, last_part, make_table, power, show
from vpp.v1 import portfolio_pb2 as wire
from vpp.v1.event_pb2 import Event
from vpp.v1.site_score_pb2 import SiteScore


def list_scores(
    context: typer.Context,
    *,
    site: Annotated[str, typer.Option(help="Only this site's, as an id or sites/ID.")] = "",
    as_json: AsJson = False,
) -> None:
    """List what sites have shown in tests and events: whether they can be seen, measured and steered."""
    hub = connection_of(context)
    request = wire.ListSiteScoresRequest(site=full_name("sites", site) if site else "")
    scores = hub.every(hub.portfolio.ListSiteScores, request, "scores")
    show(as_json, scores, scores_table(scores))


def scores_table(scores: Sequence[SiteScore]) -> Table:
    """Lay out scores, one line per site and event."""
    table = make_table(
        "Scores from 0 to 1: can a site be seen (observability), measured and steered?",
        "site",
        "event",
        "purpose",
        ">target",
        ">seen",
        ">measured",
        ">steered",
        ">reached",
        ">full after",
        ">ramp",
    )
    for score in scores:
        table.add_row(
            last_part(score.site),
            last_part(score.event),
            Event.Purpose.Name(score.purpose).removeprefix("PURPOSE_").lower(),
            power(score.target_kw),
            f"{score.observability_ratio:.2f}",
            f"{score.measurability_ratio:.2f}",
            f"{score.controllability_ratio:.2f}",
            f"{score.reached_ratio:.0%}",
            f"{score.full_delay.ToTimedelta().total_seconds():.0f} s"
            if score.HasField("full_delay")
            else "never",
            f"{score.ramp_kw_per_min:.0f} kW/min" if score.HasField("ramp_kw_per_min") else "",
        )
    return table
