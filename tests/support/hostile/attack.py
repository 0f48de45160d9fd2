"""What an attack is, and the list that they put themselves on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from support.hostile.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attack came to.

    Attributes:
        is_held: Whether the hub held.
        said: What was seen.
    """

    is_held: bool
    said: str


Body = Callable[[Tenant], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Attack:
    """Something that a hostile party tries.

    Attributes:
        who: "stranger" without a certificate of ours, "curious" or "malicious" with one of its own, "staff"
            with the certificate of an office that it misuses.
        title: What it tries.
        expects: What has to happen.
        body: Tries it.
        takes_time: Whether it waits for seconds, and so has no place among tests that run every time.
    """

    who: str
    title: str
    expects: str
    body: Body
    takes_time: bool = False


ATTACKS: list[Attack] = []
"""In the order in which they were written down."""


def attack(who: str, title: str, expects: str, *, takes_time: bool = False) -> Callable[[Body], Body]:
    """Put a function on the list."""

    def listed(body: Body) -> Body:
        ATTACKS.append(Attack(who, title, expects, body, takes_time))
        return body

    return listed


async def tried(one: Attack, tenant: Tenant) -> Outcome:
    """Try an attack; one that breaks off has not shown that the hub held."""
    try:
        return await one.body(tenant)
    except Exception as error:  # noqa: BLE001  whatever the answer was, it was not foreseen
        return Outcome(is_held=False, said=f"broke off: {error!r}"[:200])
