"""From a site's report to its pictures."""

from vpp.agent.site_report import DirectionReport, SiteReport
from vpp.cli.agent.report_kinds import responses_by_kind
from vpp.cli.agent.report_tables import rung_names
from vpp.cli.charts.ladder import LadderPanel, ladder_chart
from vpp.cli.charts.promises import KindPromise, promises_chart
from vpp.cli.charts.room import HourBand, duration_chart, hours_chart
from vpp.cli.charts.style import Chart
from vpp.flexibility.flexibility_ladder import RUNGS


def draw_report(report: SiteReport) -> list[Chart]:
    """Draw a report: the ladder and the promises always, the room where there are readings."""
    charts = [
        ladder_chart(
            "ladder",
            [
                _panel(report, report.down, "Consumption lowered", "load that is there to be shed"),
                _panel(report, report.up, "Consumption raised", "room below the import limit"),
            ],
        )
    ]
    kinds = responses_by_kind(report.resources)
    if kinds:
        charts.append(
            promises_chart(
                "promised_delivered",
                [
                    KindPromise(
                        kind=each.kind,
                        delivered_ratio=[one.delivered_ratio for one in each.promises],
                        promised_ratio=[one.promised_ratio for one in each.promises],
                        low_ratio=each.low_ratio,
                        middle_ratio=each.middle_ratio,
                        high_ratio=each.high_ratio,
                        kept_count=each.kept_count,
                    )
                    for each in kinds
                ],
            )
        )
    room = report.room
    if room is not None:
        bands = [HourBand(each.hour, each.firm_kw, each.middle_kw, each.high_kw) for each in report.hours]
        charts.append(hours_chart("headroom_by_hour", bands, report.time_zone, report.release.rebound_kw))
        charts.append(
            duration_chart(
                "load_duration",
                [point.share_ratio for point in report.duration],
                [point.load_kw for point in report.duration],
                limit_kw=room.limit_kw,
                mean_kw=room.load_factor_ratio * room.limit_kw,
                firm_load_kw=room.limit_kw - room.rebound_room_kw,
            )
        )
    return charts


def _panel(report: SiteReport, direction: DirectionReport, title: str, bound_label: str) -> LadderPanel:
    kinds = {each.resource_id: each.kind for each in report.resources}
    together: dict[str, list[float]] = {}
    for row in direction.ladder:
        sums = together.setdefault(kinds[row.resource_id], [0.0] * len(RUNGS))
        for n, kw in enumerate(row.together_kw):
            sums[n] += kw
    count = range(len(RUNGS))
    has_bound = direction.bound_kw < float("inf")
    return LadderPanel(
        title=title,
        rungs=rung_names(),
        together_kw=together,
        added_up_kw=[sum(row.alone_kw[n] for row in direction.ladder) for n in count],
        firm_kw=[sum(row.firm_kw[n] for row in direction.ladder) for n in count],
        bound_kw=direction.bound_kw if has_bound else None,
        bound_label=bound_label,
    )
