"""Attacks by a party that asks for what is not its business, with its own good certificate."""

import statistics
from collections.abc import Sequence

import grpc
from support.hostile.attack import Outcome, attack
from support.hostile.tenant import OTHER, OWNER, SELF, Answer, Tenant
from support.hub_in_process import METHODS
from support.populated_hub import CALLERS
from support.role_matrix.calls import made_calls
from support.role_matrix.subjects import Subject, absent_like

from vpp.foundation.clock import stopwatch_s
from vpp.rpc.roles import ALLOWED

Code = grpc.StatusCode
PAIRS = 150
"""Pairs of calls whose times are compared."""
MOST_ODDS = 0.65
"""Of a foreign thing taking longer than an absent one; 0.5 tells nothing, 1 tells all."""
INSIDES = (
    b"Traceback",
    b"sqlalchemy",
    b"sqlite",
    b"/tests/",
    b"/vpp/rpc/",
    b".py",
    b"object at 0x",
    b"SELECT ",
)


def _masked(answer: Answer, subject: Subject) -> tuple[Code, bytes]:
    content = answer.content
    for one in subject.ids():
        content = content.replace(one.encode(), b"#")
    return answer.code, content


async def _enumerated(tenant: Tenant, who: str, *, changes: bool) -> tuple[int, list[str]]:
    """Ask about everything of a stranger's and of nobody's; returns how much was asked and what differed."""
    foreign = tenant.subjects["cedar"]
    absent = absent_like(foreign)
    asked, differing = 0, []
    absent_calls = made_calls(absent)
    for name, made in made_calls(foreign).items():
        method = name.partition("/")[0]
        is_read = method.startswith(("Get", "List", "Query", "Watch", "Download", "Verify", "Export"))
        if method == "Connect" or is_read is changes or not made.seen_by:
            continue
        if not CALLERS[who].roles & ALLOWED[next(path for path in METHODS if path.endswith(f"/{method}"))]:
            continue
        answer = await tenant.ask(method, dict(made.request), who=who)
        empty = await tenant.ask(method, dict(absent_calls[name].request), who=who)
        asked += 1
        if _masked(answer, foreign) != _masked(empty, absent):
            differing.append(f"{name}: {answer.shown} / {empty.shown}")
    return asked, differing


@attack("curious", "read everything of another's by name, as an agent", "the bytes of what does not exist")
async def _read_as_agent(tenant: Tenant) -> Outcome:
    asked, differing = await _enumerated(tenant, SELF, changes=False)
    return Outcome(not differing and asked > 5, "; ".join(differing[:2]) or f"{asked} methods, no difference")


@attack(
    "curious",
    "read everything of another's by name, as an owner",
    "the bytes of what does not exist",
    takes_time=True,
)
async def _read_as_owner(tenant: Tenant) -> Outcome:
    asked, differing = await _enumerated(tenant, OWNER, changes=False)
    return Outcome(not differing and asked > 5, "; ".join(differing[:2]) or f"{asked} methods, no difference")


@attack("malicious", "change everything of another's by name", "the bytes of what does not exist")
async def _change(tenant: Tenant) -> Outcome:
    asked, differing = 0, []
    for who in (SELF, OWNER):
        count, found = await _enumerated(tenant, who, changes=True)
        asked, differing = asked + count, differing + found
    return Outcome(not differing and asked > 5, "; ".join(differing[:2]) or f"{asked} calls, no difference")


@attack("curious", "list all there is and look for others' figures", "no canary of another's")
async def _lists(tenant: Tenant) -> Outcome:
    before, asked, served = len(tenant.leaks), 0, 0
    for path in METHODS:
        method = path.rpartition("/")[2]
        if method.startswith("List"):
            for who in (SELF, OWNER):
                asked += 1
                served += (await tenant.ask(method, b"", who=who)).is_ok
    found = tenant.leaks[before:]
    return Outcome(
        not found and served > 5, "; ".join(found[:2]) or f"{asked} lists, {served} served, no canary"
    )


@attack("curious", "filter lists by another's site, party, auction or event", "nothing of it")
async def _filters(tenant: Tenant) -> Outcome:
    before, foreign, asked, items = len(tenant.leaks), tenant.subjects["cedar"], 0, 0
    values = {
        "site": f"sites/{foreign.site_id}",
        "party": f"parties/{foreign.party_id}",
        "auction": f"auctions/{foreign.open_id}",
        "event": f"events/{foreign.event_id}",
        "parent": f"sites/{foreign.site_id}",
        "bid": f"bids/{foreign.bid_id}",
    }
    for path, described in METHODS.items():
        method = path.rpartition("/")[2]
        for name, value in values.items():
            if method.startswith("List") and name in described.input_type.fields_by_name:
                answer = await tenant.ask(method, {name: value}, who=OWNER)
                asked += 1
                items += sum(
                    len(value)
                    for message in answer.messages
                    for field, value in message.ListFields()
                    if field.is_repeated
                )
    found = tenant.leaks[before:]
    return Outcome(
        not found and not items and asked > 5, f"{asked} filters, {items} items, {len(found)} canaries"
    )


@attack("curious", "another caller's page tokens, and made-up ones", "refused, or one's own page")
async def _page_tokens(tenant: Tenant) -> Outcome:
    before = len(tenant.leaks)
    page = await tenant.ask("ListSites", {"pageSize": 1}, who="auditor")
    token = page.messages[0].next_page_token if page.is_ok else ""
    odd = [
        token,
        token[:-1],
        token + "AA",
        "AAAA",
        "' OR 1=1 --",
        "../../etc/passwd",
        "sites/cedar",
        "\u202e",
        "x" * 300,
    ]
    answers = [await tenant.ask("ListSites", {"pageSize": 1, "pageToken": one}) for one in odd]
    codes = {answer.code for answer in answers}
    held = bool(token) and codes <= {Code.OK, Code.INVALID_ARGUMENT} and len(tenant.leaks) == before
    return Outcome(held, f"{len(odd)} tokens: {', '.join(sorted(code.name for code in codes))}")


@attack(
    "curious",
    "tell foreign from absent by time",
    f"odds within {1 - MOST_ODDS:.2f} and {MOST_ODDS:.2f}",
    takes_time=True,
)
async def _timing(tenant: Tenant) -> Outcome:
    foreign_s, absent_s = [], []
    for number in range(PAIRS):
        for name, taken in (("cedar", foreign_s), ("qqqqq", absent_s))[:: 1 if number % 2 else -1]:
            began_s = stopwatch_s()
            await tenant.ask("GetSite", {"name": f"sites/{name}"})
            taken.append(stopwatch_s() - began_s)
    odds = _odds(foreign_s, absent_s)
    medians = [statistics.median(taken) * 1e3 for taken in (foreign_s, absent_s)]
    return Outcome(
        1 - MOST_ODDS <= odds <= MOST_ODDS,
        f"medians {medians[0]:.2f} and {medians[1]:.2f} ms, odds {odds:.2f}",
    )


def _odds(first: Sequence[float], second: Sequence[float]) -> float:
    """How often one of the first is larger than one of the second (Mann-Whitney)."""
    larger = sum((one > other) + 0.5 * (one == other) for one in first for other in second)
    return larger / (len(first) * len(second))


@attack(
    "curious",
    "provoke errors that show the inside",
    "codes and words of the interface alone",
    takes_time=True,
)
async def _error_texts(tenant: Tenant) -> Outcome:
    shown: list[str] = []
    asked = 0
    for path in METHODS:
        if path.endswith("/Connect"):
            continue
        for content in (b"\xff\xff\xff", b"\x0a\x05ab", b"\x0a\x02\xff\xfe", b"\x08" + b"\xff" * 9):
            answer = await tenant.ask(path.rpartition("/")[2], content)
            asked += 1
            if answer.code in {Code.INTERNAL, Code.UNKNOWN} or any(one in answer.content for one in INSIDES):
                shown.append(f"{path}: {answer.shown}")
    return Outcome(not shown, "; ".join(shown[:2]) or f"{asked} broken requests, nothing shown")


@attack("curious", "read bids of others in an open auction, as their buyer", "nothing before the gate")
async def _sealed(tenant: Tenant) -> Outcome:
    bids = await tenant.ask("ListBids", {"auction": "auctions/grid-open"}, who="grid-operator")
    count = len(bids.messages[0].bids) if bids.is_ok else 0
    one = await tenant.ask(
        "GetBid", {"name": f"bids/{tenant.subjects['alder'].open_bid_id}"}, who="grid-operator"
    )
    leaks = [leak for leak in tenant.leaks if "grid-operator" in leak]
    return Outcome(
        not count and not one.is_ok and not leaks, f"{count} bids listed, one by name: {one.shown}"
    )


@attack("curious", "read a rival operator's auctions, as an operator", "NOT_FOUND")
async def _rival(tenant: Tenant) -> Outcome:
    answer = await tenant.ask("GetAuction", {"name": "auctions/rival-open"}, who="grid-operator")
    listed = await tenant.ask("ListAuctions", {}, who="grid-operator")
    names = [one.name for message in listed.messages for one in message.auctions]
    held = answer.code is Code.NOT_FOUND and names and not any("rival" in name for name in names)
    return Outcome(bool(held), f"{answer.shown}; {len(names)} auctions listed")


@attack("curious", "watch another's event", "NOT_FOUND")
async def _watch(tenant: Tenant) -> Outcome:
    answer = await tenant.ask("WatchEvent", {"name": f"events/{tenant.subjects['cedar'].event_id}"})
    return Outcome(answer.code is Code.NOT_FOUND, answer.shown)


@attack("curious", "download another's statement and what proves it", "NOT_FOUND")
async def _statements(tenant: Tenant) -> Outcome:
    name = f"statements/{tenant.subjects[OTHER].statement_id}"
    answers = [
        await tenant.ask(method, {"name": name}, who=OWNER)
        for method in ("DownloadStatement", "DownloadBundle")
    ]
    return Outcome(all(one.code is Code.NOT_FOUND for one in answers), answers[0].shown)


@attack("curious", "export another's audit chain", "refused as what does not exist")
async def _audit(tenant: Tenant) -> Outcome:
    answers = [
        await tenant.ask("ExportAuditChain", {"name": f"auditChains/{one}"}, who=OWNER)
        for one in ("party.owner-birch", "party.nobody-xx", "market", "-")
    ]
    texts = {
        answer.text.replace("birch", "#").replace("nobody-xx", "#").replace("owner-#", "#")
        for answer in answers[:2]
    }
    held = not any(answer.is_ok for answer in answers) and len(texts) == 1
    return Outcome(held, f"{answers[0].shown} / {answers[2].shown}"[:120])


@attack("staff", "read bids, statements and readings, as an administrator", "PERMISSION_DENIED")
async def _administrator(tenant: Tenant) -> Outcome:
    methods = ("ListBids", "ListAwards", "ListStatements", "ListBalances", "ListInstructions", "ListAuctions")
    answers = [await tenant.ask(method, b"", who="administrator") for method in methods]
    return Outcome(
        all(one.code is Code.PERMISSION_DENIED for one in answers),
        f"{len(answers)} methods: {answers[0].shown}",
    )
