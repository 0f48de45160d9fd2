"""What went wrong, at the hub or here, in one line a person can act on."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from vpp.cli.exit_codes import ExitCode
from vpp.foundation.errors import BrokenPromise, VppError

_CODE = grpc.StatusCode
_NEXT: Mapping[grpc.StatusCode, tuple[ExitCode, str]] = MappingProxyType(
    {
        _CODE.INVALID_ARGUMENT: (ExitCode.REFUSED, "mend the named field and send it again"),
        _CODE.NOT_FOUND: (ExitCode.REFUSED, "check the name with the matching list command"),
        _CODE.ALREADY_EXISTS: (ExitCode.REFUSED, "choose another id, or leave it to the hub"),
        _CODE.FAILED_PRECONDITION: (ExitCode.REFUSED, "look at its state with the matching show command"),
        _CODE.ABORTED: (ExitCode.REFUSED, "someone changed it meanwhile: read it again, then retry"),
        _CODE.UNAUTHENTICATED: (
            ExitCode.NOT_ALLOWED,
            "give a valid certificate with --cert-file, or on plaintext a valid token with --token-file",
        ),
        _CODE.PERMISSION_DENIED: (
            ExitCode.NOT_ALLOWED,
            "use the certificate or token of a role that may do this",
        ),
        _CODE.RESOURCE_EXHAUSTED: (ExitCode.UNREACHABLE, "the hub is busy: try again shortly"),
        _CODE.UNAVAILABLE: (
            ExitCode.UNREACHABLE,
            "check that the hub runs, that --hub or VPP_HUB is right, and that both sides' certificates hold",
        ),
        _CODE.DEADLINE_EXCEEDED: (ExitCode.UNREACHABLE, "the hub did not answer in time: try again shortly"),
    }
)
_DEFECT = (ExitCode.DEFECT, "look into the hub's log")


@dataclass(frozen=True, slots=True)
class Failure:
    """One refusal, described.

    Attributes:
        exit_code: What the command ends with.
        reason: ErrorInfo's reason, the gRPC code where the hub gave none, or the error's own.
        line: Reason, message, fields and what to do next.
    """

    exit_code: ExitCode
    reason: str
    line: str


def describe(error: grpc.RpcError) -> Failure:
    """Describe a failed call.

    Args:
        error: What the stub raised.

    Returns:
        The failure; every field violation is named once.
    """
    call = cast("grpc.Call", error)  # what a stub raises is both; the types do not say so
    code, message = call.code(), call.details() or ""
    exit_code, what_next = _NEXT.get(code, _DEFECT)
    reason, fields = code.name, []
    status = rpc_status.from_call(call)
    for detail in status.details if status is not None else ():
        info, bad_request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            reason = info.reason
        elif detail.Unpack(bad_request):
            fields = [f"{broken.field}: {broken.description}" for broken in bad_request.field_violations]
    others = "; ".join(field for field in fields if field not in message)
    parts = [part for part in (message, others) if part]
    return Failure(exit_code, reason, f"{reason}: {'; '.join(parts)} ({what_next})")


def describe_own(error: VppError) -> Failure:
    """Describe an error that this process found itself.

    Args:
        error: What was raised; its message says what to do, unless it is a defect.

    Returns:
        The failure; a broken promise is a defect, everything else is for the caller to mend.
    """
    line = f"{error.reason}: {error}"
    if isinstance(error, BrokenPromise):
        return Failure(ExitCode.DEFECT, error.reason, f"{line} (a defect of vpp, not of what it was given)")
    return Failure(ExitCode.REFUSED, error.reason, line)
