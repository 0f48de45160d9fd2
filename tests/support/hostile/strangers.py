"""Attacks by those whom the authority has not certified, or not for this, or no longer."""

import asyncio
from datetime import timedelta

import grpc
from support.certificates import DAY, LOCAL, SERVER, Held, TestAuthority, now, uri
from support.hostile.attack import Outcome, attack
from support.hostile.tenant import SELF, Tenant
from support.populated_hub import CALLERS
from support.tls_serving import name_of

Code = grpc.StatusCode
OWN_NAME = name_of(CALLERS[SELF])
SHORT_LIFE = timedelta(seconds=4)
ENDED_WITHIN_S = 5.0


async def _with(tenant: Tenant, held: Held | None, *, root: bytes | None = None) -> Outcome:
    """Call with a certificate; held where nothing was served."""
    shown = (held.key_pem, held.pem) if held else (None, None)
    credentials = grpc.ssl_channel_credentials(root or tenant.authority.pem, *shown)
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.secure_channel(tenant.address, credentials, options=options) as channel:
        answer = await tenant.ask("GetSite", {"name": "sites/alder"}, who=channel)
    return Outcome(answer.code in {Code.UNAVAILABLE, Code.UNAUTHENTICATED}, answer.shown)


@attack("stranger", "no certificate at all", "no connection")
async def _none(tenant: Tenant) -> Outcome:
    return await _with(tenant, None)


@attack("stranger", "plaintext to the port", "no connection")
async def _plaintext(tenant: Tenant) -> Outcome:
    async with grpc.aio.insecure_channel(tenant.address) as channel:
        answer = await tenant.ask("GetSite", {"name": "sites/alder"}, who=channel)
    return Outcome(answer.code is Code.UNAVAILABLE, answer.shown)


@attack("stranger", "a certificate of an authority of its own, of the same name", "no connection")
async def _own_authority(tenant: Tenant) -> Outcome:
    return await _with(tenant, TestAuthority(tenant.authority.common_name).issue(uri(OWN_NAME)))


@attack("stranger", "an expired certificate", "no connection")
async def _expired(tenant: Tenant) -> Outcome:
    return await _with(tenant, tenant.authority.issue(uri(OWN_NAME), start=now() - 2 * DAY, end=now() - DAY))


@attack("stranger", "a certificate of next week", "no connection")
async def _future(tenant: Tenant) -> Outcome:
    return await _with(
        tenant, tenant.authority.issue(uri(OWN_NAME), start=now() + 7 * DAY, end=now() + 8 * DAY)
    )


@attack("stranger", "a certificate that is for servers alone", "refused")
async def _server_only(tenant: Tenant) -> Outcome:
    return await _with(tenant, tenant.authority.issue(uri(OWN_NAME), purposes=(SERVER,)))


@attack("stranger", "a certificate with a second name", "UNAUTHENTICATED")
async def _two_names(tenant: Tenant) -> Outcome:
    other = name_of(CALLERS["agent-birch"])
    return await _with(tenant, tenant.authority.issue(uri(OWN_NAME), uri(other)))


@attack("stranger", "a certificate whose common name looks like an agent", "UNAUTHENTICATED")
async def _common_name(tenant: Tenant) -> Outcome:
    return await _with(tenant, tenant.authority.issue(*LOCAL, common_name=OWN_NAME))


@attack("stranger", "a name of another trust domain", "UNAUTHENTICATED")
async def _other_domain(tenant: Tenant) -> Outcome:
    name = name_of(CALLERS[SELF], "vpp.example.attacker.example")
    return await _with(tenant, tenant.authority.issue(uri(name)))


@attack("stranger", "odd spellings of a good name", "UNAUTHENTICATED, each")
async def _odd_names(tenant: Tenant) -> Outcome:
    odd = (
        f"{OWN_NAME}/",
        OWN_NAME.replace("/site/", "//site/"),
        OWN_NAME.replace("agent", "%61gent"),
        OWN_NAME.replace("spiffe://", "spiffe://user@"),
        f"{OWN_NAME}?x=1",
        f"{OWN_NAME}#x",
        OWN_NAME.replace("alder/agent", "../alder/agent"),
        OWN_NAME.upper(),
    )
    outcomes = [await _with(tenant, tenant.authority.issue(uri(name))) for name in odd]
    return Outcome(
        all(one.is_held for one in outcomes), f"{len(outcomes)} spellings; the last: {outcomes[-1].said}"
    )


@attack("stranger", "the hub's own name, as a client", "UNAUTHENTICATED")
async def _hub_name(tenant: Tenant) -> Outcome:
    return await _with(tenant, tenant.authority.issue(uri("spiffe://vpp.example/hub/hub")))


@attack("stranger", "a known agent under another party's name", "UNAUTHENTICATED")
async def _other_party(tenant: Tenant) -> Outcome:
    return await _with(tenant, tenant.authority.issue(uri(OWN_NAME.replace("owner-alder", "owner-birch"))))


@attack("stranger", "a principal that nobody knows", "UNAUTHENTICATED")
async def _unknown(tenant: Tenant) -> Outcome:
    return await _with(tenant, tenant.authority.issue(uri("spiffe://vpp.example/party/owner-alder/nobody")))


@attack("stranger", "a hub that answers with a site's certificate", "the caller does not talk to it")
async def _false_hub(tenant: Tenant) -> Outcome:
    server = grpc.aio.server()
    held = tenant.certificate(SELF)
    credentials = grpc.ssl_server_credentials([(held.key_pem, held.pem)], tenant.authority.pem, True)  # noqa: FBT003  gRPC's own signature
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    try:
        caller = tenant.certificate("agent-birch").channel(f"127.0.0.1:{port}", tenant.authority)
        async with caller as channel:
            answer = await tenant.ask("GetSite", {"name": "sites/birch"}, who=channel)
    finally:
        await server.stop(0)
    return Outcome(answer.code is Code.UNAVAILABLE, answer.shown)


@attack("stranger", "a stolen certificate after its revocation, on an open session and a new one", "both end")
async def _revoked(tenant: Tenant) -> Outcome:
    stolen = tenant.authority.issue(uri(name_of(CALLERS["owner-cedar"])))
    async with stolen.channel(tenant.address, tenant.authority) as channel:
        before = await tenant.ask("GetSite", {"name": "sites/cedar"}, who=channel)
        request = {"name": f"events/{tenant.subjects['cedar'].event_id}"}
        await tenant.ask("GetEvent", request, who=channel)
        revoked = await tenant.ask(
            "RevokeCertificate",
            {"certificateSerial": stolen.serial, "reason": "stolen"},
            who="administrator",
        )
        await asyncio.sleep(1.0)  # noqa: TID251  the machine's time
        after = await tenant.ask("GetSite", {"name": "sites/cedar"}, who=channel)
    again = await _with(tenant, stolen)
    held = before.is_ok and revoked.is_ok and after.code is Code.UNAUTHENTICATED and again.is_held
    return Outcome(held, f"before {before.code.name}, revoked {revoked.shown}, after {after.shown}")


@attack("stranger", "a session beyond its certificate's end", "ended within 5 s", takes_time=True)
async def _outlived(tenant: Tenant) -> Outcome:
    loop = asyncio.get_running_loop()
    held = tenant.authority.issue(uri(name_of(CALLERS["agent-cedar"])), end=now() + SHORT_LIFE)
    async with held.channel(tenant.address, tenant.authority) as channel:
        began_s = loop.time()
        code, text, _ = await tenant.session(site_id="cedar", who=channel, waits_s=15.0)
        took_s = loop.time() - began_s
    is_ended = code is Code.UNAUTHENTICATED and took_s < SHORT_LIFE.total_seconds() + ENDED_WITHIN_S
    return Outcome(is_ended, f"{code.name if code else 'still open'} after {took_s:.1f} s: {text}"[:110])
