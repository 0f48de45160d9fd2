"""A call passes if a role of the caller's has a line for the method; else it is refused and written down."""

from typing import Any

import pytest

from vpp.foundation.errors import NotPermitted
from vpp.rpc.interception import Call
from vpp.rpc.role_interceptor import RoleInterceptor
from vpp.workflows.acting import acting_as
from vpp.workflows.identity import Principal, Role

METHOD = "/vpp.v1.EventService/GetEvent"
CALLER = Principal("anna", "grid", None, frozenset({Role.AUDITOR, Role.SITE_OWNER}))
CONTEXT: Any = None


class Book:
    """Where denied calls are written down."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str]] = []

    async def write(self, principal: Principal, method: str) -> None:
        self.entries.append((principal.principal_id, method))


async def pass_through(table: dict[str, frozenset[Role]], book: Book) -> bool:
    """Let a call through the interceptor; tells whether it passed."""
    with acting_as(CALLER):
        async with RoleInterceptor(table, book.write).around(Call(METHOD, {}), CONTEXT):
            return True
    return False


@pytest.mark.parametrize("roles", [{Role.AUDITOR}, {Role.SITE_OWNER, Role.DISPATCHER}, set(Role)])
async def test_one_role_of_several_is_enough(roles: set[Role]) -> None:
    book = Book()
    assert await pass_through({METHOD: frozenset(roles)}, book)
    assert book.entries == []


@pytest.mark.parametrize(
    "table", [{}, {METHOD: frozenset()}, {METHOD: frozenset({Role.DISPATCHER})}, {"/other": frozenset(Role)}]
)
async def test_a_method_without_a_line_for_the_caller_is_refused_and_written_down(
    table: dict[str, frozenset[Role]],
) -> None:
    book = Book()
    with pytest.raises(NotPermitted, match=f"^{METHOD} is not for your roles$") as refusal:
        await pass_through(table, book)
    assert refusal.value.metadata == {"method": METHOD, "principal": "anna"}
    assert book.entries == [("anna", METHOD)]
