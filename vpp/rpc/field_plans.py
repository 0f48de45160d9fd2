"""What has to be cleared of an answer before it leaves: worked out once per message type and set of roles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from vpp.rpc.field_rules import Readers, readers_by_field
from vpp.workflows.identity import Role

OWN_PACKAGE = "vpp.v1."
"""Messages of others, such as times and money, have no rules: the field that holds one has."""


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """What to clear of a message.

    Attributes:
        cleared: Fields that the caller must not read.
        within: Fields whose messages have something to clear, with whether they hold many, and their plan.
    """

    cleared: tuple[str, ...]
    within: "tuple[tuple[str, bool, FieldPlan], ...]"

    def apply(self, message: Message) -> None:
        """Clear it."""
        for field in self.cleared:
            message.ClearField(field)
        for field, holds_many, plan in self.within:
            if holds_many:
                for each in getattr(message, field):
                    plan.apply(each)
            elif message.HasField(field):
                plan.apply(getattr(message, field))


class FieldPlans:
    """Plans by message type and roles; made when first asked for."""

    def __init__(self, rules: Mapping[str, Mapping[str, Readers]] | None = None) -> None:
        """Keep the rules; those of the wire by default."""
        self._rules = readers_by_field() if rules is None else rules
        self._made: dict[tuple[str, frozenset[Role]], FieldPlan | None] = {}

    def plan(self, descriptor: Descriptor, roles: frozenset[Role]) -> FieldPlan | None:
        """Return what a caller with these roles must not read of a message; None if there is nothing.

        A caller with several roles reads what one of them may read.
        """
        key = (descriptor.full_name, roles)
        if key not in self._made:
            self._made[key] = self._make(descriptor, roles, ())
        return self._made[key]

    def _make(
        self, descriptor: Descriptor, roles: frozenset[Role], above: tuple[str, ...]
    ) -> FieldPlan | None:
        if descriptor.full_name in above:
            raise TypeError(f"{descriptor.full_name} holds itself, which no rule can be given for")
        rules = self._rules.get(descriptor.full_name.removeprefix(OWN_PACKAGE), {})
        cleared, within = [], []
        for field in descriptor.fields:
            if not roles & rules.get(field.name, frozenset()):
                cleared.append(field.name)
            elif (inner := own_message(field)) is not None:
                plan = self._make(inner, roles, (*above, descriptor.full_name))
                if plan is not None:
                    within.append((field.name, bool(field.is_repeated), plan))
        return FieldPlan(tuple(cleared), tuple(within)) if cleared or within else None


def own_message(field: FieldDescriptor) -> Descriptor | None:
    """Return the message type that a field holds; None for figures, texts and messages of others."""
    held: Any = field.message_type
    return held if held is not None and held.full_name.startswith(OWN_PACKAGE) else None
