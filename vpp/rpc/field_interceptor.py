"""The innermost interceptor: clears of every answer what the caller's roles must not read."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor

from vpp.rpc.field_plans import FieldPlans
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.interception import Handler
from vpp.workflows.identity import Role


class FieldInterceptor(grpc.aio.ServerInterceptor):
    """Wraps the methods that have something to clear for somebody who may call them, and no others."""

    def __init__(self, allowed: Mapping[str, frozenset[Role]], plans: FieldPlans | None = None) -> None:
        """Work out which methods those are.

        Args:
            allowed: Full method name to the roles that may call it.
            plans: What must be cleared; by the wire's rules by default.
        """
        self._plans = plans or FieldPlans()
        self._answers = {
            method: answer
            for method, roles in allowed.items()
            for answer in [answer_of(method)]
            if any(self._plans.plan(answer, frozenset({role})) for role in roles)
        }

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Wrap the method's handler if anything of its answers is not for everybody."""
        handler = await continuation(handler_call_details)
        answer = self._answers.get(str(handler_call_details.method))
        if handler is None or answer is None:
            return handler
        return self._wrapped(handler, answer)

    def _wrapped(self, handler: Any, answer: Descriptor) -> Handler:  # noqa: ANN401  generic in its stubs alone
        if handler.request_streaming:
            raise TypeError(
                f"{answer.full_name} is written to a stream of requests, where nothing is cleared"
            )
        served = handler.unary_stream or handler.unary_unary

        async def respond(request: Any, context: Any) -> Any:  # noqa: ANN401  messages of any method
            response = await served(request, context)
            self._clear(response, answer)
            return response

        async def generate(request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: ANN401
            async for response in served(request, context):
                self._clear(response, answer)
                yield response

        make, wrapper = (
            (grpc.unary_stream_rpc_method_handler, generate)
            if handler.response_streaming
            else (grpc.unary_unary_rpc_method_handler, respond)
        )
        rewrapped: Handler = make(wrapper, handler.request_deserializer, handler.response_serializer)
        return rewrapped

    def _clear(self, response: Any, answer: Descriptor) -> None:  # noqa: ANN401  a message of any method
        plan = self._plans.plan(answer, caller().roles)
        if plan is not None:
            plan.apply(response)


def answer_of(method: str) -> Descriptor:
    """Return the type of a method's answers.

    Args:
        method: Full name, such as /vpp.v1.EventService/GetEvent.
    """
    service, _, name = method.removeprefix("/").partition("/")
    found: Descriptor = (
        descriptor_pool.Default().FindServiceByName(service).FindMethodByName(name).output_type
    )
    return found
