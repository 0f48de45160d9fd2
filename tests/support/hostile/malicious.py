"""Attacks by a party that lies, repeats itself, steers, floods and forges, with its own good certificate."""

import asyncio
import contextlib
import copy
import random
import uuid
from datetime import timedelta
from typing import Any

import grpc
from support.hostile.attack import Outcome, attack
from support.hostile.tenant import OTHER, OWNER, SELF, Answer, Tenant
from support.hub_in_process import METHODS
from support.populated_hub import CALLERS, NOW

from vpp.foundation.audit_verification import verify_export
from vpp.rpc.roles import ALLOWED
from vpp.rpc.wire.time_fields import duration, timestamp
from vpp.v1 import event_pb2, session_pb2, telemetry_pb2

Code = grpc.StatusCode
STEP = timedelta(minutes=5)
TAMPERINGS = 200
_WATCH = "/vpp.v1.EventService/WatchEvent"


def _at(**later: float) -> str:
    return (NOW + timedelta(**later)).isoformat().replace("+00:00", "Z")


def _backfill(site_id: str, sequence: int, values: list[float], start: str | None = None) -> dict[str, Any]:
    series = {"startTime": start or _at(hours=-2), "sampleInterval": "300s", "netPowerKw": values}
    batch = {"sequence": sequence, "powerSeries": series, "quality": "METER_QUALITY_OK"}
    return {"site": f"sites/{site_id}", "batches": [batch]}


async def _readings(tenant: Tenant, site_id: str) -> bytes:
    """Return a site's readings, as the auditor sees them."""
    request = {"site": f"sites/{site_id}", "interval": {"startTime": _at(hours=-6), "endTime": _at(hours=6)}}
    return (await tenant.ask("QueryReadings", request, who="auditor")).content


def _bid(
    resource: str = "sites/alder/resources/battery", auction: str = "grid-open", kw: float = 15
) -> dict[str, Any]:
    steps = [{"steps": [{"reductionKw": kw, "pricePerMwh": {"currencyCode": "GBP", "units": 70}}]}] * 8
    return {
        "resource": resource,
        "auction": f"auctions/{auction}",
        "stepOffer": {"intervals": steps},
        "deliveryRatio": 1,
    }


def _refused(answer: Answer) -> bool:
    return answer.code in {
        Code.NOT_FOUND,
        Code.PERMISSION_DENIED,
        Code.INVALID_ARGUMENT,
        Code.FAILED_PRECONDITION,
    }


@attack("malicious", "another's token beside its own certificate", "UNAUTHENTICATED")
async def _token(tenant: Tenant) -> Outcome:
    tokens = ("agent-birch", "grid-operator", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJncmlkLW9wZXJhdG9yIn0.", "")
    answers = [
        await tenant.ask("GetSite", {"name": "sites/alder"}, metadata=[("authorization", f"Bearer {token}")])
        for token in tokens
    ]
    return Outcome(all(one.code is Code.UNAUTHENTICATED for one in answers), answers[0].shown)


@attack("malicious", "headers that name somebody else", "without effect")
async def _headers(tenant: Tenant) -> Outcome:
    names = (
        "x-forwarded-client-cert",
        "x-principal",
        "x-party",
        "x-ssl-client-cert",
        "x-forwarded-for",
        "x-user",
    )
    metadata = [(name, "spiffe://vpp.example/party/hub/auditor") for name in names]
    foreign = await tenant.ask("GetSite", {"name": "sites/birch"}, metadata=metadata)
    own = await tenant.ask("GetSite", {"name": "sites/alder"}, metadata=metadata)
    return Outcome(foreign.code is Code.NOT_FOUND and own.is_ok, foreign.shown)


@attack("malicious", "a site in another party's name", "its own party's, or refused")
async def _site_of_another(tenant: Tenant) -> Outcome:
    site = {
        "party": "parties/owner-birch",
        "displayName": "Mine",
        "zone": "north",
        "timeZone": "Europe/London",
        "importLimitKw": 100,
        "meteringInterval": "300s",
    }
    answer = await tenant.ask("CreateSite", {"site": site, "siteId": "taken"}, who=OWNER)
    seen = await tenant.ask("GetSite", {"name": "sites/taken"}, who="auditor")
    owner = seen.messages[0].party if seen.is_ok else "nobody"
    return Outcome(owner in {"nobody", "parties/owner-alder"}, f"{answer.shown}; it is {owner}'s")


@attack("malicious", "a session for another's site", "refused")
async def _session_of_another(tenant: Tenant) -> Outcome:
    code, text, heard = await tenant.session(site_id=OTHER)
    kinds = {response.WhichOneof("message") for response in heard}
    return Outcome(
        "welcome" not in kinds and (code is not None or kinds == {"refusal"}), f"{code}: {text}"[:110]
    )


@attack("malicious", "readings for another's site", "refused, and nothing changed")
async def _foreign_readings(tenant: Tenant) -> Outcome:
    before = await _readings(tenant, OTHER)
    answer = await tenant.ask("BackfillReadings", _backfill(OTHER, 999_999, [0.0] * 12))
    after = await _readings(tenant, OTHER)
    return Outcome(_refused(answer) and before == after, answer.shown)


@attack("malicious", "readings of a revenue meter, as an agent", "PERMISSION_DENIED")
async def _meter(tenant: Tenant) -> Outcome:
    answer = await tenant.ask("ImportReadings", {"site": "sites/alder"})
    return Outcome(answer.code is Code.PERMISSION_DENIED, answer.shown)


@attack("malicious", "readings that are no numbers, or beyond any connection", "refused or kept as bad")
async def _bad_readings(tenant: Tenant) -> Outcome:
    answers = []
    for number, value in enumerate((float("nan"), float("inf"), float("-inf"), 1e300, -1e300)):
        batch = telemetry_pb2.TelemetryBatch(
            sequence=500_000 + number, quality=telemetry_pb2.METER_QUALITY_OK
        )
        batch.power_series.start_time.CopyFrom(timestamp(NOW - STEP * 24))
        batch.power_series.sample_interval.CopyFrom(duration(STEP))
        batch.power_series.net_power_kw.extend([value] * 12)
        request = telemetry_pb2.BackfillReadingsRequest(site="sites/alder", batches=[batch])
        answers.append(await tenant.ask("BackfillReadings", request))
    return Outcome(all(one.code is Code.INVALID_ARGUMENT for one in answers), answers[0].shown)


@attack("malicious", "readings from next year, and from before there were computers", "refused")
async def _clock_games(tenant: Tenant) -> Outcome:
    starts = (
        _at(days=365),
        _at(days=2),
        "1950-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:00:00Z",
    )
    answers = [
        await tenant.ask("BackfillReadings", _backfill("alder", 600_000 + number, [1.0] * 3, start))
        for number, start in enumerate(starts)
    ]
    refused = [one.code is Code.INVALID_ARGUMENT for one in answers]
    return Outcome(
        all(refused),
        "; ".join(f"{start[:4]}: {one.code.name}" for start, one in zip(starts, answers, strict=True)),
    )


@attack("malicious", "the same sequence again with other readings", "the first stays, or a revision is told")
async def _replayed_readings(tenant: Tenant) -> Outcome:
    first = await tenant.ask("BackfillReadings", _backfill("alder", 700_000, [500.0] * 3, _at(hours=-3)))
    kept = await _readings(tenant, "alder")
    again = await tenant.ask("BackfillReadings", _backfill("alder", 700_000, [1.0] * 3, _at(hours=-3)))
    return Outcome(
        first.is_ok and await _readings(tenant, "alder") == kept, f"{first.shown} / {again.shown}"[:110]
    )


@attack("malicious", "an answer to another's instruction", "a Refusal, and nothing changed")
async def _forged_answer(tenant: Tenant) -> Outcome:
    request = {"event": f"events/{tenant.subjects[OTHER].event_id}"}
    before = await tenant.ask("ListInstructions", request, who="auditor")
    names = [one.name for message in before.messages for one in message.instructions]
    said = [
        session_pb2.ConnectRequest(
            instruction_status=session_pb2.InstructionStatus(
                instruction=name,
                state=event_pb2.Instruction.STATE_REFUSED,
                reason=event_pb2.Instruction.REASON_DEVICE_FAULT,
                status_time=timestamp(NOW),
            )
        )
        for name in [*names, "instructions/nobody-1"]
        if "alder" not in name
    ]
    _, _, heard = await tenant.session(*said, waits_s=10.0, refusals=len(said))
    after = await tenant.ask("ListInstructions", request, who="auditor")
    refusals = [one.refusal for one in heard if one.WhichOneof("message") == "refusal"]
    texts = {refusal.reason for refusal in refusals}
    held = (
        len(names) > 0 and len(refusals) == len(said) and before.content == after.content and len(texts) == 1
    )
    return Outcome(held, f"{len(refusals)} of {len(said)} refused: {', '.join(texts)}")


@attack("malicious", "taking itself out of a stranger's event", "a Refusal")
async def _forged_opt_out(tenant: Tenant) -> Outcome:
    opt_out = session_pb2.OptOut(
        event=f"events/{tenant.subjects['cedar'].event_id}", reason=event_pb2.Instruction.REASON_DEVICE_FAULT
    )
    _, _, heard = await tenant.session(session_pb2.ConnectRequest(opt_out=opt_out), waits_s=10.0, refusals=1)
    refusals = [one.refusal for one in heard if one.WhichOneof("message") == "refusal"]
    return Outcome(len(refusals) == 1, refusals[0].detail[:110] if refusals else "no refusal")


@attack("malicious", "one request id for two requests", "the same answer, then ALREADY_EXISTS")
async def _request_ids(tenant: Tenant) -> Outcome:
    request = {"bid": _bid(), "requestId": str(uuid.uuid4())}
    first = await tenant.ask("CreateBid", request)
    again = await tenant.ask("CreateBid", request)
    other = copy.deepcopy(request) | {"bid": _bid(kw=16)}
    third = await tenant.ask("CreateBid", other)
    name = first.messages[0].name if first.is_ok else ""
    if name:
        await tenant.ask("WithdrawBid", {"name": name})
    held = (
        first.is_ok and again.is_ok and again.messages[0].name == name and third.code is Code.ALREADY_EXISTS
    )
    return Outcome(held, f"{first.shown} / {again.shown} / {third.shown}"[:110])


@attack("malicious", "another's request id", "as any other id")
async def _foreign_request_id(tenant: Tenant) -> Outcome:
    request = {"bid": _bid("sites/birch/resources/battery"), "requestId": str(uuid.uuid4())}
    theirs = await tenant.ask("CreateBid", request, who="agent-birch")
    mine = await tenant.ask("CreateBid", {"bid": _bid(), "requestId": request["requestId"]})
    for answer, who in ((theirs, "agent-birch"), (mine, SELF)):
        if answer.is_ok:
            await tenant.ask("WithdrawBid", {"name": answer.messages[0].name}, who=who)
    is_own = mine.is_ok and "birch" not in str(mine.messages[0])
    return Outcome(theirs.is_ok and is_own, f"{theirs.code.name} / {mine.shown}")


@attack("malicious", "a bid for another's resource", "refused as what does not exist")
async def _foreign_bid(tenant: Tenant) -> Outcome:
    foreign = await tenant.ask("CreateBid", {"bid": _bid("sites/birch/resources/battery")})
    absent = await tenant.ask("CreateBid", {"bid": _bid("sites/qqqqq/resources/battery")})
    same = (
        foreign.text.replace("birch", "#") == absent.text.replace("qqqqq", "#")
        and foreign.code is absent.code
    )
    return Outcome(_refused(foreign) and same, foreign.shown)


@attack("malicious", "withdrawing another's bid", "NOT_FOUND")
async def _foreign_withdrawal(tenant: Tenant) -> Outcome:
    answer = await tenant.ask("WithdrawBid", {"name": f"bids/{tenant.subjects[OTHER].open_bid_id}"})
    return Outcome(answer.code is Code.NOT_FOUND, answer.shown)


@attack("malicious", "a bid and its withdrawal after the gate has closed", "refused")
async def _late_bid(tenant: Tenant) -> Outcome:
    late = await tenant.ask("CreateBid", {"bid": _bid(auction="grid-evening")})
    back = await tenant.ask("WithdrawBid", {"name": f"bids/{tenant.subjects['alder'].bid_id}"})
    held = late.code is Code.FAILED_PRECONDITION and back.code is Code.FAILED_PRECONDITION
    return Outcome(held, f"{late.shown} / {back.code.name}")


@attack("malicious", "a bid of more than its connection, of no number, of a negative price", "refused")
async def _odd_bids(tenant: Tenant) -> Outcome:
    huge, odd = _bid(kw=1e12), _bid()
    odd["stepOffer"]["intervals"] = [
        {"steps": [{"reductionKw": 15, "pricePerMwh": {"currencyCode": "GBP", "units": 5, "nanos": -7}}]}
    ] * 8
    answers = [
        await tenant.ask("CreateBid", {"bid": one})
        for one in (huge, _bid(kw=-5), odd, _bid() | {"deliveryRatio": "NaN"})
    ]
    return Outcome(all(one.code is Code.INVALID_ARGUMENT for one in answers), answers[0].shown)


@attack("malicious", "every method that is not for its role", "PERMISSION_DENIED, and nothing changed")
async def _roles(tenant: Tenant) -> Outcome:
    denied, wrong = 0, []
    for path, allowed in ALLOWED.items():
        method = path.rpartition("/")[2]
        for who in (SELF, OWNER):
            if CALLERS[who].roles & allowed or method == "Connect":
                continue
            answer = await tenant.ask(method, b"", who=who)
            denied += 1
            if answer.code not in {Code.PERMISSION_DENIED, Code.RESOURCE_EXHAUSTED}:
                wrong.append(f"{method}: {answer.shown}")
    return Outcome(not wrong and denied > 40, "; ".join(wrong[:2]) or f"{denied} calls denied")


@attack("staff", "approving its own adjustment", "refused")
async def _own_approval(tenant: Tenant) -> Outcome:
    amount = {"currencyCode": "GBP", "units": 5}
    proposal = {
        "settlementPeriod": "2026-03",
        "payer": "parties/hub",
        "payee": "parties/owner-alder",
        "adjustmentAmount": amount,
        "reason": "for a friend",
        "site": "sites/alder",
    }
    made = await tenant.ask("CreateAdjustment", {"adjustment": proposal}, who="settlement-a")
    name = made.messages[0].name if made.is_ok else ""
    approved = await tenant.ask("ApproveAdjustment", {"name": name}, who="settlement-a")
    return Outcome(made.is_ok and not approved.is_ok, f"{made.code.name} / {approved.shown}")


@attack(
    "staff",
    "changing readings as a settlement officer, statements as a meter data manager",
    "PERMISSION_DENIED",
)
async def _both_sides(tenant: Tenant) -> Outcome:
    answers = [
        await tenant.ask("ImportReadings", b"", who="settlement-a"),
        await tenant.ask("BackfillReadings", b"", who="settlement-a"),
        await tenant.ask("RunSettlement", b"", who="meter-data"),
        await tenant.ask("ApproveAdjustment", b"", who="meter-data"),
    ]
    return Outcome(all(one.code is Code.PERMISSION_DENIED for one in answers), answers[0].shown)


@attack(
    "malicious",
    "formulas, controls and line breaks in names that others read",
    "refused, or harmless in files",
)
async def _injections(tenant: Tenant) -> Outcome:
    texts = (
        "a\nadmin: all is well",
        "\x1b[2Jcleared",
        "\u202ereversed",
        "a\x00b",
        "a\r\nSet-Cookie: x",
        "a\u2028next",
    )
    site = {
        "name": "sites/alder",
        "party": "parties/owner-alder",
        "zone": "north",
        "timeZone": "Europe/London",
        "importLimitKw": 3111.1,
        "meteringInterval": "300s",
    }
    codes = []
    for text in texts:
        answer = await tenant.ask(
            "UpdateSite", {"site": site | {"displayName": text}, "updateMask": "displayName"}, who=OWNER
        )
        codes.append(answer.code)
    held = all(code is Code.INVALID_ARGUMENT for code in codes)
    return Outcome(held, ", ".join(f"{text!r}: {code.name}" for text, code in zip(texts, codes, strict=True)))


@attack("malicious", "paths, queries and templates in the place of names", "INVALID_ARGUMENT or NOT_FOUND")
async def _odd_names(tenant: Tenant) -> Outcome:
    odd = (
        "sites/../parties/hub",
        "sites/..%2fhub",
        "sites/a' OR '1'='1",
        "sites/a; DROP TABLE sites",
        "../../etc/passwd",
        "sites/${jndi:ldap://x}",
        "sites/{{7*7}}",
        "sites/\u0430lder",
        "sites/ALDER",
        "sites/alder\x00birch",
        "sites/" + "a" * 5000,
    )
    methods = (
        "GetSite",
        "GetParty",
        "GetBid",
        "GetEvent",
        "GetStatement",
        "DownloadStatement",
        "GetBaseline",
    )
    codes = set()
    for method in methods:
        for name in odd:
            who = OWNER if "Statement" in method else SELF
            field = next(
                iter(METHODS[next(path for path in METHODS if path.endswith(f"/{method}"))].input_type.fields)
            )
            answer = await tenant.ask(method, {field.json_name: name}, who=who)
            codes.add(answer.code)
    held = codes <= {Code.INVALID_ARGUMENT, Code.NOT_FOUND}
    return Outcome(
        held, f"{len(methods) * len(odd)} requests: {', '.join(sorted(code.name for code in codes))}"
    )


@attack("malicious", "texts of a megabyte, and lists of a hundred thousand", "refused")
async def _large(tenant: Tenant) -> Outcome:
    answers = [
        await tenant.ask("CreateBid", {"bid": _bid(), "bidId": "a" * 900_000}),
        await tenant.ask("BackfillReadings", _backfill("alder", 1, [1.0] * 100_000)),
        await tenant.ask("ListBids", {"pageToken": "A" * 900_000}),
        await tenant.ask("CreateDispute", {"dispute": {"description": "x" * 900_000}}, who=OWNER),
    ]
    refused = {Code.INVALID_ARGUMENT, Code.RESOURCE_EXHAUSTED}
    return Outcome(all(one.code in refused for one in answers), ", ".join(one.code.name for one in answers))


@attack(
    "malicious", "a hundred sessions of one site at once", "bounded, and the newest holds", takes_time=True
)
async def _many_sessions(tenant: Tenant) -> Outcome:
    ended = await asyncio.gather(*(tenant.session(waits_s=2.0) for _ in range(100)))
    still_open = sum(code is None for code, _, _ in ended)
    return Outcome(still_open <= 1, f"{still_open} of 100 open after two seconds")


@attack(
    "staff", "two hundred watches at once, over a dozen connections", "RESOURCE_EXHAUSTED beyond its quota"
)
async def _many_watches(tenant: Tenant) -> Outcome:
    held = tenant.certificate("grid-dispatcher")
    channels = [held.channel(tenant.address, tenant.authority) for _ in range(13)]
    request = event_pb2.WatchEventRequest(name="events/grid-open").SerializeToString()

    async def watch(channel: grpc.aio.Channel) -> Code:
        call = channel.unary_stream(_WATCH, request_serializer=bytes, response_deserializer=bytes)(request)
        with contextlib.suppress(grpc.aio.AioRpcError):
            async for _ in call:
                pass
        return await call.code()

    watching = [asyncio.create_task(watch(channel)) for channel in channels for _ in range(16)]
    await asyncio.sleep(2.0)  # noqa: TID251  the machine's time
    refused = sum(task.done() and task.result() is Code.RESOURCE_EXHAUSTED for task in watching)
    other = await tenant.ask("GetSite", {"name": "sites/birch"}, who="agent-birch")
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    for channel in channels:
        await channel.close()
    said = f"{refused} of {len(watching)} refused; another is served: {other.code.name}"
    return Outcome(refused > 100 and other.is_ok, said)


@attack("malicious", "its own audit record with a byte changed, 200 times", "found, each")
async def _tampered_export(tenant: Tenant) -> Outcome:
    answer = await tenant.ask("ExportAuditChain", {"name": "auditChains/party.owner-alder"}, who=OWNER)
    content = b"".join(message.content for message in answer.messages)
    sound = verify_export(content.splitlines(keepends=True), keys={})
    rng, found = random.Random(1), 0
    for _ in range(TAMPERINGS):
        changed = bytearray(content)
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        found += bool(verify_export(bytes(changed).splitlines(keepends=True), keys={}).faults)
    held = answer.is_ok and sound.entry_count > 0 and not sound.faults and found == TAMPERINGS
    return Outcome(held, f"{sound.entry_count} entries, {found} of {TAMPERINGS} found; {answer.shown}")


@attack("malicious", "a product rule changed alone", "in force only after a second person")
async def _product(tenant: Tenant) -> Outcome:
    made = await tenant.ask(
        "CreateProductChange", {"productChange": {"document": 'product_id = "x"', "reason": "better"}}
    )
    return Outcome(made.code is Code.PERMISSION_DENIED, made.shown)


@attack("curious", "reading the schema by reflection", "nothing but the schema, or nothing")
async def _reflection(tenant: Tenant) -> Outcome:
    call = tenant.channel(SELF).stream_stream(
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        request_serializer=bytes,
        response_deserializer=bytes,
    )()
    await call.write(b"\x3a\x00")  # list_services
    try:
        answer = await asyncio.wait_for(call.read(), 5)
    except grpc.aio.AioRpcError as error:
        return Outcome(error.code() is Code.UNIMPLEMENTED, error.code().name)
    call.cancel()
    canaries = [
        name for name in (b"birch", b"cedar", b"parties/") if isinstance(answer, bytes) and name in answer
    ]
    return Outcome(not canaries, "the schema is readable to certified callers (server.reflection), no data")


@attack("malicious", "whatever came in all answers until here", "no canary of another's")
async def _no_leaks(tenant: Tenant) -> Outcome:
    return Outcome(not tenant.leaks, "; ".join(tenant.leaks[:3]) or "none")
