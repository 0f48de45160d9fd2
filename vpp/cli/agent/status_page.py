"""The status page of a site's agent, drawn for a terminal."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from vpp.cli.output import make_table, power

LEAST_SHOWN_KW = 0.5


def page(status: Mapping[str, Any]) -> RenderableType:
    """Draw a status that was read and judged.

    Args:
        status: What the agent wrote, with `runs`, `is_fresh` and `age_s`.
    """
    if "mode" not in status:
        how = "runs, and has written no status yet" if status["runs"] else "does not run, and never did here"
        return Panel(Text(f"{status['site']}: the agent {how}", style="bold red"))
    parts: list[RenderableType] = [
        Panel(_headline(status), title=f"{status['display_name']} · {status['site']}")
    ]
    parts.append(_devices(status["devices"]))
    parts += [_plan(status["plan"])] if status["plan"] else [Text("Nothing is promised.", style="dim")]
    waiting = _waiting(status)
    if waiting is not None:
        parts.append(waiting)
    if status["tests"]:
        parts.append(_tests(status["tests"]))
    if status["orders"]:
        parts.append(_orders(status["orders"]))
    parts.append(_journal(status))
    return Group(*parts)


def _headline(status: Mapping[str, Any]) -> Text:
    text = Text()
    if status["is_fresh"]:
        text.append("running", style="bold green")
    else:
        how = "not running" if not status["runs"] else "running, and its status is old"
        text.append(how, style="bold red")
        text.append(f" (as of {_clock(status['at'])})")
    text.append(f"   mode {status['mode']}", style="bold")
    if status["is_dry"]:
        text.append("   DRY RUN: no device is commanded", style="bold yellow")
    if status["is_time_doubtful"]:
        text.append("   its clock is doubtful: nothing is delivered", style="bold red")
    for veto in status["vetoes"]:
        text.append(f"\nno to {veto}", style="bold yellow")
    link, meter = status["link"], status["meter"]
    text.append("\nlink     ")
    text.append("open" if link["is_open"] else "lost", style="green" if link["is_open"] else "bold red")
    heard = "never" if link["heard_at"] is None else _clock(link["heard_at"])
    text.append(
        f", last heard {heard}, {link['owed_statuses']} statuses and {link['owed_batches']} batches owed"
    )
    text.append(f"\nplanning {status['planning']['method']}")
    if status["planning"]["missed_count"]:
        text.append(f", {status['planning']['missed_count']} splits by the cheapest first", style="yellow")
    text.append("\nmeter    ")
    if meter["is_stale"]:
        text.append(f"shows nothing since {_clock(meter['seen_at'])}", style="bold red")
    elif meter["newest_kw"] is None:
        text.append("no reading for the newest interval", style="yellow")
    else:
        text.append(f"{power(meter['newest_kw'])} until {_clock(meter['until'])}")
    text.append(f", import limit {power(meter['import_limit_kw'])}")
    if meter["load_kw"] is not None:
        text.append(f", own load {power(meter['load_kw'])}")
    if meter["absurd_count"]:
        text.append(f", {meter['absurd_count']} absurd readings dropped", style="yellow")
    return text


def _devices(devices: Sequence[Mapping[str, Any]]) -> Table:
    table = make_table(
        "Devices", "resource", "kind", "health", ">can", ">now", ">told", "outcome", ">seen", "why not"
    )
    for device in devices:
        action = device["action"]
        told_kw = 0.0 if action is None else action["reduction_kw"] - action["increase_kw"]
        is_fine = device["health"] == "ok" and not device["left_out"] and device["is_available"]
        health = device["health"] if is_fine or device["health"] != "ok" else "out"
        can = power(device["available_kw"])
        if device["available_increase_kw"] >= LEAST_SHOWN_KW:
            can += f" / +{power(device['available_increase_kw'])}"
        table.add_row(
            device["resource_id"],
            device["kind"],
            Text(health, style="green" if is_fine else "bold red"),
            can,
            _signed(device["reduction_kw"]),
            _signed(told_kw),
            "-" if action is None else Text(action["outcome"], style=_outcome_style(action["outcome"])),
            str(device["observations"]),
            "; ".join([*device["alarms"], *([device["left_out"]] if device["left_out"] else [])]) or "-",
        )
    return table


def _outcome_style(outcome: str) -> str:
    return "bold red" if outcome == "failed" else "yellow" if outcome == "pending" else ""


def _signed(reduction_kw: float) -> str:
    """Write what a device does to consumption: a reduction lowers it."""
    if abs(reduction_kw) < LEAST_SHOWN_KW:
        return "0 kW"
    return f"-{power(reduction_kw)}" if reduction_kw > 0 else f"+{power(-reduction_kw)}"


def _plan(items: Sequence[Mapping[str, Any]]) -> Table:
    table = make_table("Plan", "event", "purpose", "way", "phase", "from", "until", ">peak", "remark")
    for item in items:
        remark = item["stopped"]
        if item["confirm_by"] is not None:
            remark = f"waits for a person until {_clock(item['confirm_by'])}"
        elif item["short_kw"] > 0.0:
            remark = f"up to {power(item['short_kw'])} short"
        table.add_row(
            item["event"],
            item["purpose"],
            item["direction"].replace("_", " "),
            item["phase"],
            _clock(item["start"]),
            _clock(item["end"]),
            power(item["peak_kw"]),
            remark or "-",
        )
    return table


def _waiting(status: Mapping[str, Any]) -> Table | None:
    """Draw what a person is to decide; None if nothing is."""
    rows = [
        (item["instruction"], f"instruction of {power(item['peak_kw'])}", _clock(item["confirm_by"]))
        for item in status["plan"]
        if item["confirm_by"] is not None
    ]
    for subject in dict.fromkeys(bid["subject"] for bid in status["bids"] if bid["waits_for_person"]):
        bids = [bid for bid in status["bids"] if bid["subject"] == subject]
        gate = bids[0]["gate_closes_at"]
        said = ", ".join(bid["resource"] for bid in bids)
        rows.append((subject, f"bids of {said}", "-" if gate is None else _clock(gate)))
    if not rows:
        return None
    table = make_table("Waits for a person (vpp agent confirm | decline NAME)", "name", "what", "until")
    for row in rows:
        table.add_row(*row)
    return table


def _tests(tests: Sequence[Mapping[str, Any]]) -> Table:
    table = make_table("Tests", "resource", ">change", "from", "until", "state", "result")
    for test in tests:
        table.add_row(
            test["resource_id"],
            _signed(test["kw"]),
            _clock(test["start"]),
            _clock(test["end"]),
            test["state"],
            test["detail"] or "-",
        )
    return table


def _orders(orders: Sequence[Mapping[str, Any]]) -> Table:
    table = make_table("Orders at the site", "at", "by", "order", "answer")
    for order in orders:
        table.add_row(
            _clock(order["at"]),
            order["by"] or "-",
            f"{order['kind']} {order['subject']}",
            f"not followed: {order['problem']}" if order["problem"] else order["answer"],
        )
    return table


def _journal(status: Mapping[str, Any]) -> Text:
    journal = status["journal"]
    text = Text(f"journal  {journal['file']}, {journal['size_bytes'] / 1024:,.0f} kB", style="dim")
    text.append(f", deliveries held up to {journal['held_sequence']}", style="dim")
    if journal["is_doubtful"]:
        text.append("  the disk does not say whether it holds it", style="bold red")
    return text


def _clock(text: str) -> str:
    return f"{datetime.fromisoformat(text):%m-%d %H:%M:%S}Z"
