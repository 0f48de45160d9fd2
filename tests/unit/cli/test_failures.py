import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from vpp.cli.exit_codes import ExitCode
from vpp.cli.failures import describe, describe_own
from vpp.foundation.errors import BrokenPromise, InvalidInput


class Refused(grpc.RpcError):
    """What a stub raises: an error that is also a call."""

    def __init__(self, code: grpc.StatusCode, text: str, *details: object) -> None:
        super().__init__()
        self._code, self._text = code, text
        status = status_pb2.Status(code=code.value[0], message=text)
        for detail in details:
            packed = any_pb2.Any()
            packed.Pack(detail)
            status.details.append(packed)
        self._trailing = (("grpc-status-details-bin", status.SerializeToString()),) if details else ()

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._text

    def trailing_metadata(self) -> tuple[tuple[str, bytes], ...]:
        return self._trailing


def test_the_line_names_reason_message_and_what_to_do() -> None:
    info = error_details_pb2.ErrorInfo(reason="WRONG_STATE", domain="vpp.example")
    failure = describe(Refused(grpc.StatusCode.FAILED_PRECONDITION, "auction is CLEARED", info))
    assert failure.reason == "WRONG_STATE"
    assert failure.exit_code is ExitCode.REFUSED
    assert failure.line == (
        "WRONG_STATE: auction is CLEARED (look at its state with the matching show command)"
    )


def test_every_field_is_named_once() -> None:
    violation = error_details_pb2.BadRequest.FieldViolation
    bad = error_details_pb2.BadRequest(
        field_violations=[
            violation(field="auction.zone", description="value is required"),
            violation(field="auction.product", description="must be products/{product}"),
        ]
    )
    info = error_details_pb2.ErrorInfo(reason="INVALID_INPUT")
    error = Refused(grpc.StatusCode.INVALID_ARGUMENT, "auction.zone: value is required", info, bad)
    line = describe(error).line
    assert line.count("auction.zone: value is required") == 1
    assert line.count("auction.product: must be products/{product}") == 1
    assert "\n" not in line


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (grpc.StatusCode.NOT_FOUND, ExitCode.REFUSED),
        (grpc.StatusCode.UNAVAILABLE, ExitCode.UNREACHABLE),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, ExitCode.UNREACHABLE),
        (grpc.StatusCode.PERMISSION_DENIED, ExitCode.NOT_ALLOWED),
        (grpc.StatusCode.UNAUTHENTICATED, ExitCode.NOT_ALLOWED),
        (grpc.StatusCode.INTERNAL, ExitCode.DEFECT),
    ],
)
def test_exit_codes_follow_the_cause(code: grpc.StatusCode, expected: ExitCode) -> None:
    failure = describe(Refused(code, "because"))
    assert failure.exit_code is expected
    assert failure.reason == code.name


def test_an_error_of_our_own_says_whose_fault_it_is() -> None:
    refused = describe_own(InvalidInput("bid x: price is NaN, expected a number"))
    assert refused.exit_code is ExitCode.REFUSED
    assert refused.line == "INVALID_INPUT: bid x: price is NaN, expected a number"
    defect = describe_own(BrokenPromise("clearing of a breaks its promise"))
    assert defect.exit_code is ExitCode.DEFECT
    assert defect.line.startswith("BROKEN_PROMISE: clearing of a breaks its promise (a defect of vpp")
