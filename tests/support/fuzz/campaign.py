"""One fuzzing run: messages to every method of a hub, what they came to, and every fault by its kind."""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc
from google.protobuf.message_factory import GetMessageClass
from support.fuzz.byte_changes import changed
from support.fuzz.fuzzed_hub import CONNECT, Answer, FuzzedHub, fuzzed_hub
from support.fuzz.judgement import faults_of
from support.fuzz.known_values import KnownValues
from support.fuzz.made_messages import MadeMessages
from support.fuzz.valid_requests import valid_requests
from support.fuzz.write_watch import digests_of
from support.populated_hub import CALLERS, NOW, SITES

from vpp.foundation.clock import stopwatch_s
from vpp.v1 import session_pb2

Code = grpc.StatusCode
MOST_SEEDS = 40
"""Requests of a method that led somewhere new, and are gone on from."""
SESSION_EVERY = 150
PROBE_EVERY = 1500
STREAM_MESSAGES = 12
_VARYING = re.compile(r"['\"`][^'\"`]*['\"`]|[0-9a-f]{8,}|\d+|\w+/[\w/-]+")
_PLACE = re.compile(r'  File "(?:[^"]*/)?([^"/]+)", line \d+, in (\w+)')
LISTERS = (
    "auditor",
    "settlement-a",
    "grid-both",
    "rival-operator",
    "administrator",
    "owner-alder",
    "agent-alder",
)


@dataclass
class Findings:
    """What a run came to.

    Attributes:
        seed: Of the run.
        messages: Requests sent.
        by_code: Answers by method and code.
        faults: Messages of each fault, by its kind; one example each.
        counts: How often each kind of fault came.
        took_s: Time, s.
    """

    seed: int
    messages: int = 0
    by_code: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    faults: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    took_s: float = 0.0

    def add(self, kind: str, example: str) -> None:
        """Count a fault."""
        self.counts[kind] += 1
        self.faults.setdefault(kind, example)


class Campaign:
    """Sends messages to one hub until so many are sent."""

    def __init__(self, hub: FuzzedHub, findings: Findings, rng: random.Random) -> None:
        self._hub = hub
        self._findings = findings
        self._rng = rng
        self._known = KnownValues(rng)
        self._made = MadeMessages(rng, self._known, NOW)
        self._seeds: dict[str, list[bytes]] = defaultdict(list)
        self._seen: set[tuple[str, str, str]] = set()
        self._unary = sorted(path for path in hub.methods if path != CONNECT)

    async def run(self, count: int, *, brief: bool = False) -> None:
        """Send so many messages; then let days pass, unless it is to be brief."""
        await self._look_around(LISTERS[:2] if brief else LISTERS)
        for path, content in valid_requests(self._hub.methods, None if brief else self._hub.market.units):
            for token in self._hub.allowed(path):
                answer = await self._known_answer(path, token, content)
                if answer.code is Code.OK:
                    break
            if path != CONNECT:
                self._seeds[path].append(content)
        for number in range(count):
            if number % SESSION_EVERY == SESSION_EVERY - 1:
                await self._hold_session()
            if number % PROBE_EVERY == PROBE_EVERY - 1:
                await self._probe()
            await self._send(self._rng.choice(self._unary))
        await self._probe()
        if not brief:
            await self._let_time_pass()

    async def _look_around(self, callers: Sequence[str]) -> None:
        """List everything as several callers, to know what there is."""
        for path in self._unary:
            name = path.rpartition("/")[2]
            if not name.startswith("List"):
                continue
            for token in callers:
                await self._known_answer(path, token, b"")
        for path in self._unary:
            method = self._hub.methods[path]
            if not path.rpartition("/")[2].startswith(("Get", "List", "Query", "Verify")):
                continue
            for field_ in method.input_type.fields:
                for token in callers[:3]:
                    request = GetMessageClass(method.input_type)()
                    value = self._made._text(field_) if field_.type == field_.TYPE_STRING else None  # noqa: SLF001  one half of the same
                    if value and not field_.is_repeated:
                        setattr(request, field_.name, value)
                        await self._known_answer(path, token, request.SerializeToString())

    async def _known_answer(self, path: str, token: str, content: bytes) -> Answer:
        answer = await self._judged(path, token, content)
        self._harvest(path, answer)
        if answer.code is Code.OK:
            self._keep_seed(path, content, answer)
        return answer

    def _harvest(self, path: str, answer: Answer) -> None:
        output = GetMessageClass(self._hub.methods[path].output_type)
        for response in answer.responses[:3]:
            self._known.harvest(output.FromString(response))

    async def _send(self, path: str) -> None:
        token = self._token(path)
        content = self._request(path)
        answer = await self._judged(path, token, content)
        if answer.code is Code.OK and self._rng.random() < 0.05:
            self._harvest(path, answer)
        self._keep_seed(path, content, answer)

    def _token(self, path: str) -> str | None:
        rng = self._rng
        draw = rng.random()
        if draw < 0.01:
            return rng.choice((None, "", "unknown", "a" * 3000))
        if draw < 0.2:
            return rng.choice(list(CALLERS))
        allowed = self._hub.allowed(path)
        return rng.choice(allowed) if allowed else rng.choice(list(CALLERS))

    def _request(self, path: str) -> bytes:
        rng = self._rng
        seeds = self._seeds[path]
        kind = self._hub.methods[path].input_type
        draw = rng.random()
        if draw < 0.45 and seeds:
            message = GetMessageClass(kind)()
            try:
                message.MergeFromString(rng.choice(seeds))
            except Exception:  # noqa: BLE001  a seed of broken bytes is as good as none
                message.Clear()
            for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
                self._made.change(message)
            return message.SerializeToString()
        if draw < 0.75 or not seeds:
            return self._made.make(kind).SerializeToString()
        if draw < 0.97:
            other = self._seeds[rng.choice(self._unary)]
            return changed(rng, rng.choice(seeds), [*other[:5], *seeds[:5]])
        if draw < 0.99:  # another method's request
            return self._made.make(self._hub.methods[rng.choice(self._unary)].input_type).SerializeToString()
        return rng.randbytes(rng.choice((0, 1, 5, 100, 5000)))

    async def _judged(self, path: str, token: str | None, *contents: bytes) -> Answer:
        began_s = stopwatch_s()
        answer = await self._hub.call(path, token, *contents)
        took_s = stopwatch_s() - began_s
        findings = self._findings
        findings.messages += len(contents)
        name = path.rpartition("/")[2]
        findings.by_code[name][answer.code.name] += 1
        faults = faults_of(path, answer, self._hub.errors.take())
        if took_s > 10:
            faults.append(f"took {took_s:.0f} s")
        for fault in faults:
            shown = ", ".join(
                content.hex() if len(content) < 4000 else f"{len(content)} bytes" for content in contents
            )
            findings.add(f"{name}: {_shape(fault)}", f"{path} as {token}: {fault}\nrequest: {shown}")
        return answer

    def _keep_seed(self, path: str, content: bytes, answer: Answer) -> None:
        shape = (path, answer.code.name, _shape(answer.text))
        kept = self._seeds[path]
        is_new = shape not in self._seen
        if is_new or (answer.code is Code.OK and self._rng.random() < 0.02):
            self._seen.add(shape)
            if len(content) < 20_000:
                kept.append(content)
                if len(kept) > MOST_SEEDS:
                    kept.pop(self._rng.randrange(len(kept)))

    async def _hold_session(self) -> None:
        """Speak as an agent for a while, mostly out of turn."""
        rng = self._rng
        site_id = rng.choice(list(SITES))
        kind = session_pb2.ConnectRequest.DESCRIPTOR
        contents = []
        if rng.random() < 0.85:
            hello = session_pb2.Hello(site=f"sites/{site_id}", resume_sequence=rng.choice((0, 0, 1, 5)))
            hello.agent_time.FromDatetime(NOW.replace(tzinfo=None))
            contents.append(session_pb2.ConnectRequest(hello=hello).SerializeToString())
        for _ in range(rng.randrange(1, STREAM_MESSAGES)):
            content = self._made.make(kind).SerializeToString()
            contents.append(changed(rng, content, contents) if rng.random() < 0.2 else content)
        token = f"agent-{site_id}" if rng.random() < 0.9 else rng.choice(list(CALLERS))
        answer = await self._judged(CONNECT, token, *contents)
        for response in answer.responses:
            said = session_pb2.ConnectResponse.FromString(response)
            if said.WhichOneof("message") == "refusal" and said.refusal.reason == "BROKEN_PROMISE":
                self._findings.add("Connect: refused with an internal error", f"as {token}: {said.refusal}")
        await self._hub.settle()

    async def _probe(self) -> None:
        """See that everything can still be listed, and that refusals have changed no row."""
        for path in self._unary:
            if path.rpartition("/")[2].startswith("List"):
                for token in LISTERS[:3]:
                    await self._judged(path, token, b"")
        await self._hub.settle()
        before = digests_of(self._hub.file)
        for path in self._unary:
            for content in (
                b"\xff" * 9,
                b"",
                self._made.make(self._hub.methods[path].input_type).SerializeToString(),
            ):
                answer = await self._judged(path, "nobody", content)
                if answer.code is not Code.UNAUTHENTICATED:
                    self._findings.add(
                        "a stranger was not refused", f"{path}: {answer.code.name} {answer.text}"
                    )
        after = digests_of(self._hub.file)
        if changed_tables := sorted(name for name, digest in after.items() if before.get(name) != digest):
            self._findings.add("strangers changed tables", ", ".join(changed_tables))

    async def _let_time_pass(self) -> None:
        """Run what falls due in the days after: what was accepted must not break what follows from it."""
        market = self._hub.market
        for hours in (1, 12, 36, 72):
            for outcome in market.advance(NOW + timedelta(hours=hours)):
                if outcome.error is not None:
                    kind = outcome.due.kind.value
                    self._findings.add(
                        f"due {kind}: {_shape(repr(outcome.error))}", f"{outcome.due}: {outcome.error!r}"
                    )
        for record in self._hub.errors.take():
            self._findings.add(f"due work logged {_shape(record)[:200]}", record)


def _shape(text: str) -> str:
    """Return what texts of one kind have in common; of a traceback, where it was raised and what."""
    if "Traceback" in text:
        places = _PLACE.findall(text)
        text = f"{' in '.join(places[-1]) if places else ''}: {text.strip().splitlines()[-1]}"
    return _VARYING.sub("#", text)[:300]


async def run_campaign(seed: int, messages: int, epoch: int = 20_000, *, brief: bool = False) -> Findings:
    """Fuzz for so many messages; each epoch on a fresh copy of the hub.

    Args:
        seed: Of everything that is drawn.
        messages: How many requests to send in all.
        epoch: Requests to one hub.
        brief: Whether to look around little beforehand, and not to play the days after.
    """
    findings = Findings(seed)
    began_s = stopwatch_s()
    number = 0
    while findings.messages < messages:
        with TemporaryDirectory() as folder:
            async with fuzzed_hub(Path(folder)) as hub:
                rng = random.Random(f"{seed}/{number}")
                await Campaign(hub, findings, rng).run(min(epoch, messages - findings.messages), brief=brief)
        number += 1
    findings.took_s = stopwatch_s() - began_s
    return findings


def report_of(findings: Sequence[Findings]) -> str:
    """Write what runs came to as Markdown."""
    by_code: dict[str, Counter[str]] = defaultdict(Counter)
    for one in findings:
        for name, counts in one.by_code.items():
            by_code[name] += counts
    codes = sorted({code for counts in by_code.values() for code in counts})
    lines = [f"| method | {' | '.join(codes)} |", f"|---|{'---|' * len(codes)}"]
    lines += [
        f"| {name} | {' | '.join(str(by_code[name][code]) for code in codes)} |" for name in sorted(by_code)
    ]
    total = sum(one.messages for one in findings)
    took_s = sum(one.took_s for one in findings)
    faults = sum((one.counts for one in findings), Counter[str]())
    rate = total / max(took_s, 1e-9)
    lines += [
        "",
        f"{total} messages, {took_s:.0f} s of runs ({rate:.0f} per second), {len(faults)} kinds of fault",
    ]
    for kind, count in faults.most_common():
        example = next(one.faults[kind] for one in findings if kind in one.faults)
        lines += ["", f"## {count} x {kind}", "", *(f"    {line}" for line in example.splitlines()[:60])]
    return "\n".join(lines) + "\n"
