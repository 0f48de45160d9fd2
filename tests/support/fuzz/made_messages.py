"""Messages made from their descriptors: nearly right more often than not, odd now and then."""

import random
from datetime import datetime

from google.api import resource_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from support.fuzz.known_values import KnownValues
from support.fuzz.odd_values import MAKERS, odd_text

MOST_DEPTH = 6
COLLECTIONS = {
    "vpp.example/Party": "parties",
    "vpp.example/Adjustment": "adjustments",
    "vpp.example/RuleCorrection": "ruleCorrections",
    "vpp.example/GreenCertificate": "greenCertificates",
}
"""Where a type's names are not its own name with an s."""
_YEAR_10000 = 253_402_300_800


class MadeMessages:
    """Makes messages of any type, and changes ones that there are."""

    def __init__(self, rng: random.Random, known: KnownValues, now: datetime) -> None:
        self._rng = rng
        self._known = known
        self.now_s = int(now.timestamp())

    def make(self, descriptor: Descriptor, depth: int = 0) -> Message:
        """Return a message of a type."""
        rng = self._rng
        message = GetMessageClass(descriptor)()
        if depth and (known := self._known.message(descriptor.full_name)) and rng.random() < 0.6:
            message.MergeFromString(known)
            if rng.random() < 0.3:
                self.change(message)
            return message
        if self._special(message):
            return message
        chosen = {oneof.name: rng.choice(oneof.fields) for oneof in descriptor.oneofs}
        for field in descriptor.fields:
            oneof = field.containing_oneof
            is_left_out = oneof is not None and chosen[oneof.name] is not field and len(oneof.fields) > 1
            if not is_left_out and rng.random() < 0.8:
                self._fill(message, field, depth)
        return message

    def change(self, message: Message) -> None:
        """Change one thing somewhere inside a message."""
        rng = self._rng
        fields = list(message.DESCRIPTOR.fields)
        if not fields:
            return
        field = rng.choice(fields)
        filled = [one for one, _ in message.ListFields()]
        if filled and rng.random() < 0.8:
            field = rng.choice(filled)
        inner = field.type == FieldDescriptor.TYPE_MESSAGE and not field.is_repeated
        if inner and message.HasField(field.name) and rng.random() < 0.75:
            self.change(getattr(message, field.name))
        elif field.is_repeated and field.type == FieldDescriptor.TYPE_MESSAGE and rng.random() < 0.5:
            items = getattr(message, field.name)
            if items:
                self.change(rng.choice(items))
        elif rng.random() < 0.2:
            message.ClearField(field.name)
        else:
            self._fill(message, field, 1)

    def _fill(self, message: Message, field: FieldDescriptor, depth: int) -> None:
        rng = self._rng
        count = rng.choice((0, 1, 1, 2, 3, 8)) if field.is_repeated else 1
        if field.is_repeated and rng.random() < 0.01:
            count = rng.choice((401, 1001, 5000))
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            self._fill_messages(message, field, depth, min(count, 1001))
            return
        values = [self._scalar(field) for _ in range(min(count, 20))]
        if field.is_repeated:
            kept = getattr(message, field.name)
            del kept[:]
            kept.extend((values * (count // 20 + 1))[:count])
        else:
            setattr(message, field.name, values[0])

    def _fill_messages(self, message: Message, field: FieldDescriptor, depth: int, count: int) -> None:
        if depth >= MOST_DEPTH:
            return
        made = [self.make(field.message_type, depth + 1) for _ in range(min(count, 8))]
        if field.is_repeated:
            kept = getattr(message, field.name)
            del kept[:]
            kept.extend((made * (count // 8 + 1))[:count])
        else:
            getattr(message, field.name).CopyFrom(made[0])

    def _scalar(self, field: FieldDescriptor) -> object:
        rng = self._rng
        if field.type == FieldDescriptor.TYPE_ENUM and rng.random() < 0.8:
            return rng.choice(field.enum_type.values).number
        if field.type == FieldDescriptor.TYPE_STRING and rng.random() < 0.85:
            return self._text(field)
        if rng.random() < 0.6 and (known := self._known.value(field)) is not None:
            return known
        return MAKERS[field.type](rng)

    def _text(self, field: FieldDescriptor) -> str:
        rng = self._rng
        options = field.GetOptions()
        reference = options.Extensions[resource_pb2.resource_reference].type
        if reference and rng.random() < 0.9:
            kind = reference.rpartition("/")[2]
            collection = COLLECTIONS.get(reference, f"{kind[0].lower()}{kind[1:]}s")
            if name := self._known.name(collection):
                return name
        if (known := self._known.value(field)) is not None:
            return str(known)
        if rng.random() < 0.3 and (name := self._known.any_name()):
            return name
        return odd_text(rng)

    def _special(self, message: Message) -> bool:
        """Fill the types whose plain fields say little by themselves; tell whether it was one."""
        rng = self._rng
        kind = message.DESCRIPTOR.full_name
        if kind == "google.protobuf.Timestamp":
            day_s = rng.choice((0, 0, 1, 1, 2, 3, 30, 400)) * rng.choice((-1, 1)) * 86_400
            exact_s = (self.now_s + day_s) // 900 * 900 + rng.randrange(-8, 8) * 900
            odd_s = rng.choice((0, -1, _YEAR_10000 - 1, _YEAR_10000, -62_135_596_800, -62_135_596_801, 2**62))
            message.seconds = exact_s if rng.random() < 0.9 else odd_s  # type: ignore[attr-defined]
            nanos = rng.choice((1, 999_999_999, 500, -1, 10**9))
            message.nanos = nanos if rng.random() < 0.1 else 0  # type: ignore[attr-defined]
        elif kind == "google.protobuf.Duration":
            odd_s = rng.choice((-1, 10**9, 315_576_000_000, -315_576_000_001, 2**62))
            usual_s = rng.choice((0, 1, 60, 300, 300, 900, 900, 1800, 3600, 7200, 86_400))
            message.seconds = usual_s if rng.random() < 0.9 else odd_s  # type: ignore[attr-defined]
            message.nanos = rng.choice((1, -1, 10**9)) if rng.random() < 0.05 else 0  # type: ignore[attr-defined]
        elif kind == "google.type.Money":
            message.currency_code = "GBP" if rng.random() < 0.85 else odd_text(rng)[:10]  # type: ignore[attr-defined]
            units = rng.choice((0, 1, 60, 2000, -5, 10**12, 2**63 - 1, -(2**63)))
            message.units = units if rng.random() < 0.3 else rng.randrange(200)  # type: ignore[attr-defined]
            nanos = rng.choice((1, 500_000_000, -500_000_000, 10**9, -(2**31), 123_456_789))
            message.nanos = nanos if rng.random() < 0.2 else 0  # type: ignore[attr-defined]
        elif kind == "google.protobuf.FieldMask":
            paths = (
                "*",
                "name",
                "state",
                "display_name",
                "etag",
                "a.b",
                "",
                "envelope",
                "max_import_kw",
                "..",
            )
            message.paths.extend(rng.sample(paths, rng.randrange(4)))  # type: ignore[attr-defined]
        else:
            return False
        return True
