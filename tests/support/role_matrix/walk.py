"""Walks every method as every caller about own, foreign and absent things, and says what went wrong."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import grpc
from google.protobuf import json_format
from google.rpc import error_details_pb2, status_pb2
from support.fuzz.write_watch import WriteWatch
from support.hub_in_process import METHODS, Answer, HubInProcess, message_class
from support.populated_hub import CALLERS
from support.role_matrix.calls import MadeCall, made_calls
from support.role_matrix.canaries import Canary, canaries_of, every_canary, found_in
from support.role_matrix.relations import About, relation
from support.role_matrix.subjects import Subject, absent_like

from vpp.foundation.clock import pause
from vpp.rpc.roles import ALLOWED
from vpp.workflows.identity import Principal

RECORD = frozenset(
    {"audit", "audit_entries", "audit_heads", "audit_checkpoints", "denials", "sqlite_sequence"}
)
"""Tables in which a refused call may leave its trace."""
PATHS = {path.rpartition("/")[2]: path for path in METHODS}
READS = ("Get", "List", "Query", "Download", "Watch", "Verify")
STREAM_S = 0.2
"""How long an endless stream is listened to, s."""
_NOT_THERE = frozenset({grpc.StatusCode.NOT_FOUND, grpc.StatusCode.PERMISSION_DENIED})


@dataclass
class Findings:
    """What a walk came to.

    Attributes:
        cases: How many calls were made.
        outcomes: How many of them were refused for the role, foreign, or seen.
        faults: What was not as it must be, in words.
        served: Methods that were served at least once.
        received: Canaries that somebody received who may: those that nobody ever does would prove nothing.
        metrics: What the hub's metrics say in the end.
    """

    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    served: set[str] = field(default_factory=set)
    received: set[Canary] = field(default_factory=set)
    metrics: str = ""


class Walk:
    """One walk through a populated hub."""

    def __init__(
        self,
        hub: HubInProcess,
        writes: Iterable[WriteWatch],
        subjects: Mapping[str, Subject],
        restore: Callable[[], None],
        statement_count: Callable[[], int],
    ) -> None:
        """Keep the hub.

        Args:
            hub: The hub.
            writes: See what is written to its database.
            subjects: What calls are about.
            restore: Makes the database what it was.
            statement_count: How many statements the database has been sent so far.
        """
        self._hub, self._writes, self._subjects, self._restore = hub, tuple(writes), subjects, restore
        self._statement_count = statement_count
        self._absent: dict[tuple[str, str], tuple[tuple[str, bytes], int, str]] = {}
        self.findings = Findings()

    async def run(self, callers: Iterable[str]) -> Findings:
        """Walk all methods as some callers.

        A refusal for the role cannot depend on what the request names: one subject shows it. Nor can what is
        told to whoever sees everything: one of them walks about all subjects.
        """
        first, *others = self._subjects.values()
        settling = set()
        for caller in map(CALLERS.__getitem__, callers):
            await self._about(caller, first, with_denied=True)
            if not settling or not caller.sees_everything:
                for subject in others:
                    await self._about(caller, subject, with_denied=False)
            settling |= {caller.principal_id} if caller.sees_everything else set()
        missing = set(PATHS) - {name.partition("/")[0] for name in made_calls(first)}
        self.findings.faults += [f"{name} has no request in the matrix" for name in sorted(missing)]
        return self.findings

    async def _about(self, caller: Principal, subject: Subject, *, with_denied: bool) -> None:
        for name, call in made_calls(subject).items():
            method = name.partition("/")[0]
            if not caller.roles & ALLOWED[PATHS[method]]:
                if with_denied:
                    await self._denied(caller, subject, name, call)
                continue
            is_seen = not call.seen_by or relation(caller, subject, call.about) in call.seen_by
            before = self._statement_count()
            answer = await self._call(caller, subject, name, call, may_change=is_seen)
            taken = self._statement_count() - before
            if call.about is About.NOTHING:
                self._count("nothing named")
                continue
            if is_seen:
                self._count("seen")
                is_hidden = answer.code in _NOT_THERE and "does not exist" in answer.text
                is_unread = method.startswith(READS) and not answer.is_ok
                if is_hidden or is_unread:
                    self._fault(caller, name, subject, f"is theirs and answers {short(answer)}")
                continue
            self._count("foreign")
            empty, statements, words = await self._of_absent(caller, subject, name)
            if masked(answer, subject) != empty:
                self._fault(caller, name, subject, f"foreign {short(answer)} but absent {words}")
            if taken != statements and name != "Connect":  # a session is booked behind its answer
                self._fault(
                    caller,
                    name,
                    subject,
                    f"foreign takes {taken} statements, absent {statements}: {answer.text}",
                )

    async def _of_absent(
        self, caller: Principal, subject: Subject, name: str
    ) -> tuple[tuple[str, bytes], int, str]:
        """Return what a call about nothing that exists comes to, and how many statements it takes."""
        key = (caller.principal_id, name)
        if key not in self._absent:
            absent = absent_like(subject)
            before = self._statement_count()
            empty = await self._call(caller, absent, name, made_calls(absent)[name], may_change=False)
            taken = self._statement_count() - before
            self._absent[key] = (masked(empty, absent), taken, short(empty))
        return self._absent[key]

    async def _denied(self, caller: Principal, subject: Subject, name: str, call: MadeCall) -> None:
        answer = await self._call(caller, subject, name, call, may_change=False)
        self._count("denied")
        path = PATHS[name.partition("/")[0]]
        if (answer.code, answer.text) != (
            grpc.StatusCode.PERMISSION_DENIED,
            f"{path} is not for your roles",
        ):
            self._fault(caller, name, subject, f"is not for the role and answers {short(answer)}")

    async def _call(
        self, caller: Principal, subject: Subject, name: str, call: MadeCall, *, may_change: bool
    ) -> Answer:
        method = name.partition("/")[0]
        request = json_format.ParseDict(dict(call.request), message_class(PATHS[method])())
        content = request.SerializeToString()
        self._written()
        longest_s = STREAM_S if method in {"Connect", "WatchEvent"} else 20.0
        answer = await self._hub.call(caller.principal_id, PATHS[method], content, longest_s=longest_s)
        self.findings.cases += 1
        if answer.is_ok:
            self.findings.served.add(method)
        if answer.code in {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN}:
            self._fault(caller, name, subject, f"answers {short(answer)}")
        received = answer.received()
        self.findings.received.update(one for one in every_canary() if one[1] in received)
        for canary in found_in(received, canaries_of(caller), content):
            self._fault(caller, name, subject, f"tells {canary}")
        if method == "Connect":  # what a session leaves behind is written behind it
            await pause(STREAM_S)
            self._written()
        written = self._written() - RECORD
        if written and not (may_change and answer.is_ok):
            self._fault(caller, name, subject, f"is refused and wrote to {', '.join(sorted(written))}")
        if written:
            self._restore()
        return answer

    def _written(self) -> set[str]:
        """Return the tables that were written to since this was last asked."""
        return set().union(*(watch.take() for watch in self._writes))

    def _count(self, outcome: str) -> None:
        self.findings.outcomes[outcome] += 1

    def _fault(self, caller: Principal, name: str, subject: Subject, text: str) -> None:
        self.findings.faults.append(f"{caller.principal_id}: {name} of {subject.site_id}: {text}")


def masked(answer: Answer, subject: Subject) -> tuple[str, bytes]:
    """Return what a caller receives, with the ids that it has named itself taken out."""
    received = b"\n".join([answer.text.encode(), *_details(answer), *answer.responses])
    for identifier in subject.ids():
        received = received.replace(identifier.encode(), b"#")
    return answer.code.name, received


def _details(answer: Answer) -> list[bytes]:
    """Write the trailing metadata without the lengths that its messages carry."""
    written = []
    for key, value in answer.trailing:
        written.append(key.encode())
        if isinstance(value, bytes) and key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            written += [str(status.code).encode(), status.message.encode()]
            for detail in status.details:
                info = error_details_pb2.ErrorInfo()
                is_info = detail.Unpack(info)
                written.append(str(info).encode() if is_info else detail.SerializeToString())
        else:
            written.append(value.encode() if isinstance(value, str) else value)
    return written


def short(answer: Answer) -> str:
    """Return an answer in a few words."""
    size = sum(len(one) for one in answer.responses)
    return f"{answer.code.name} {answer.text} ({len(answer.responses)} messages of {size} bytes)"
