"""What every servicer has: where things are stored, a thread for workflows, currencies."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from vpp.rpc.currencies import Currencies
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.visibility import PageRequest

P = ParamSpec("P")
T = TypeVar("T")


class Servicing:
    """Base of the servicers; each workflow gets the unit-of-work factory as its first argument."""

    def __init__(self, units: UnitOfWorkFactory, calls: WorkflowCalls, currencies: Currencies) -> None:
        """Keep what workflows need.

        Args:
            units: Makes transactions.
            calls: Runs workflows off the event loop.
            currencies: In which currency stored prices are.
        """
        self._units = units
        self._calls = calls
        self._currencies = currencies

    async def _read(
        self, workflow: Callable[Concatenate[UnitOfWorkFactory, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a workflow that changes nothing."""
        return await self._calls.read(workflow, self._units, *args, **kwargs)

    async def _change(
        self, workflow: Callable[Concatenate[UnitOfWorkFactory, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a workflow that may change something."""
        return await self._calls.change(workflow, self._units, *args, **kwargs)


class RuledServicing(Servicing):
    """Base of servicers whose workflows ask for the hub's rules."""

    def __init__(
        self, units: UnitOfWorkFactory, calls: WorkflowCalls, currencies: Currencies, *, rules: MarketRules
    ) -> None:
        """Keep what workflows need, and what the hub's owner has decided."""
        super().__init__(units, calls, currencies)
        self._rules = rules


def page_request(page_size: int, page_token: str) -> PageRequest:
    """Read which part of a list is wanted."""
    return PageRequest(page_size=page_size, page_token=page_token)
