"""Serves BaselineService: baselines and forecasts."""
# ruff: noqa: ARG002, N802  names and signatures are the wire's

from vpp.foundation.names import identifier
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.servicers.forecast import ForecastServing
from vpp.rpc.servicers.servicing import page_request
from vpp.rpc.wire import baseline as wire
from vpp.rpc.wire.rule_choice import choice_message, edit_message
from vpp.v1 import baseline_pb2 as pb
from vpp.v1 import rule_choice_pb2
from vpp.v1.baseline_pb2_grpc import BaselineServiceServicer
from vpp.workflows import viewing_baselines, viewing_results
from vpp.workflows.verifying_baselines import verify_baseline


class BaselineServicer(ForecastServing, BaselineServiceServicer):
    """What sites would have used, and are expected to use."""

    async def GetBaseline(self, request: pb.GetBaselineRequest, context: object) -> pb.Baseline:
        """Return the baseline of an event at one site."""
        stored = await self._read(
            viewing_results.get_baseline,
            caller(),
            identifier(request.event, "events"),
            identifier(request.site, "sites"),
        )
        return wire.baseline_message(stored)

    async def ListBaselines(
        self, request: pb.ListBaselinesRequest, context: object
    ) -> pb.ListBaselinesResponse:
        """List an event's baselines."""
        page = await self._read(
            viewing_results.list_baselines,
            caller(),
            identifier(request.event, "events"),
            page_request(request.page_size, request.page_token),
        )
        baselines = [wire.baseline_message(stored) for stored in page.items]
        return pb.ListBaselinesResponse(baselines=baselines, next_page_token=page.next_page_token)

    async def VerifyBaseline(
        self, request: pb.VerifyBaselineRequest, context: object
    ) -> pb.VerifyBaselineResponse:
        """Make a frozen baseline again, and compare."""
        again = await self._read(
            verify_baseline,
            caller(),
            self._forecast_pool,
            identifier(request.event, "events"),
            identifier(request.site, "sites"),
        )
        return pb.VerifyBaselineResponse(matches=again.matches, differences=again.differences)

    async def ListMeterEdits(
        self, request: pb.ListMeterEditsRequest, context: object
    ) -> pb.ListMeterEditsResponse:
        """List the readings that were edited or flagged for a baseline."""
        page = await self._read(
            viewing_baselines.list_meter_edits,
            caller(),
            identifier(request.event, "events"),
            identifier(request.site, "sites"),
            page_request(request.page_size, request.page_token),
        )
        edits = [edit_message(edit) for edit in page.edits]
        return pb.ListMeterEditsResponse(edits=edits, next_page_token=page.next_page_token)

    async def GetRuleChoice(
        self, request: pb.GetRuleChoiceRequest, context: object
    ) -> rule_choice_pb2.RuleChoice:
        """Return by which rule a site is measured in a season."""
        stored = await self._read(
            viewing_baselines.get_rule_choice,
            caller(),
            self._rules,
            identifier(request.site, "sites"),
            identifier(request.product, "products"),
            request.season,
        )
        return choice_message(stored)

    async def ListRuleChoices(
        self, request: pb.ListRuleChoicesRequest, context: object
    ) -> pb.ListRuleChoicesResponse:
        """List by which rules sites are or were measured."""
        page = await self._read(
            viewing_baselines.list_rule_choices,
            caller(),
            page_request(request.page_size, request.page_token),
            site_id=identifier(request.site, "sites") if request.site else "",
            product_id=identifier(request.product, "products") if request.product else "",
        )
        choices = [choice_message(stored) for stored in page.items]
        return pb.ListRuleChoicesResponse(choices=choices, next_page_token=page.next_page_token)
