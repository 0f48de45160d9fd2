"""Values that a hub has been seen to use, to be used again: names, ids, tokens, whole messages."""

import random
from collections import defaultdict
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

MOST_OF_A_FIELD = 200
MOST_OF_A_TYPE = 60
_NAME_WORDS = 2
"""A name has a collection and an id: sites/a."""


class KnownValues:
    """What was harvested from messages, by field and by kind, without end growing."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._by_field: dict[str, list[Any]] = defaultdict(list)
        self._by_name: dict[str, list[Any]] = defaultdict(list)
        self._by_collection: dict[str, list[str]] = defaultdict(list)
        self._messages: dict[str, list[bytes]] = defaultdict(list)

    def harvest(self, message: Message) -> None:
        """Keep the values of a message and of what is inside it."""
        kind = message.DESCRIPTOR.full_name
        self._keep(self._messages[kind], message.SerializeToString(), MOST_OF_A_TYPE)
        for field, value in message.ListFields():
            for one in (value if field.is_repeated else [value])[:20]:
                if isinstance(one, Message):
                    self.harvest(one)
                elif not isinstance(one, str) or len(one) < 500:
                    self._scalar(field, one)

    def value(self, field: FieldDescriptor) -> Any:  # noqa: ANN401  of the field's type
        """Return a value that fits a field, or None if none is known."""
        for store, key in ((self._by_field, field.full_name), (self._by_name, field.name)):
            found = store.get(key)
            if found and self._rng.random() < 0.8:
                return self._fitting(field, self._rng.choice(found))
        return None

    def name(self, collection: str) -> str | None:
        """Return a resource's name of a collection, for example of "sites"; None if none is known."""
        found = self._by_collection.get(collection)
        return self._rng.choice(found) if found else None

    def any_name(self) -> str | None:
        """Return some resource's name."""
        keys = list(self._by_collection)
        return self.name(self._rng.choice(keys)) if keys else None

    def message(self, kind: str) -> bytes | None:
        """Return a message of a type, serialized; None if none is known."""
        found = self._messages.get(kind)
        return self._rng.choice(found) if found else None

    @staticmethod
    def _fitting(field: FieldDescriptor, value: Any) -> Any:  # noqa: ANN401
        is_text = field.type == FieldDescriptor.TYPE_STRING
        return value if isinstance(value, str) == is_text else None

    def _scalar(self, field: FieldDescriptor, value: Any) -> None:  # noqa: ANN401
        self._keep(self._by_field[field.full_name], value, MOST_OF_A_FIELD)
        self._keep(self._by_name[field.name], value, MOST_OF_A_FIELD)
        if isinstance(value, str):
            words = value.split("/")
            if len(words) >= _NAME_WORDS and words[0].isalpha():
                self._keep(self._by_collection[words[0]], value, MOST_OF_A_FIELD)

    def _keep(self, kept: list[Any], value: Any, most: int) -> None:  # noqa: ANN401
        if len(kept) < most:
            if value not in kept:
                kept.append(value)
        elif self._rng.random() < 0.02:
            kept[self._rng.randrange(most)] = value
