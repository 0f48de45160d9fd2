"""Every field of every request says how large it may be, so that no request is larger than it is worth."""

import re
import re._parser as re_parser  # type: ignore[import-not-found]  # the one place that knows a pattern's width
from collections.abc import Iterator
from typing import Any

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass

from vpp.rpc.server import SERVICE_NAMES

OWN = "vpp.v1."
DEEPEST = 8
LONGEST_PATTERN = 2000
NO_RULES: Any = GetMessageClass(descriptor_pool.Default().FindMessageTypeByName("buf.validate.FieldRules"))
TEXT, BYTES, MESSAGE = FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES, FieldDescriptor.TYPE_MESSAGE


def requests() -> list[Descriptor]:
    pool = descriptor_pool.Default()
    methods = [method for name in SERVICE_NAMES for method in pool.FindServiceByName(name).methods]
    return list({method.input_type.full_name: method.input_type for method in methods}.values())


def reached(message: Descriptor, depth: int = 1) -> Iterator[tuple[FieldDescriptor, int]]:
    """Every field that a request can hold, with how deep it lies."""
    assert depth <= DEEPEST, f"{message.full_name} nests deeper than {DEEPEST}, or in itself"
    for field in message.fields:
        yield field, depth
        if field.type == MESSAGE and field.message_type.full_name.startswith(OWN):
            yield from reached(field.message_type, depth + 1)


def fields() -> list[FieldDescriptor]:
    found = {field.full_name: field for request in requests() for field, _ in reached(request)}
    return sorted(found.values(), key=lambda field: field.full_name)


def rules_of(field: FieldDescriptor) -> Any:  # noqa: ANN401  made at run time
    options = {option.full_name: value for option, value in field.GetOptions().ListFields()}
    return options.get("buf.validate.field", NO_RULES())


def bounds_text(rules: Any) -> bool:  # noqa: ANN401  rules of a string or of bytes
    exact = ("len", "max_len", "const", "uuid", "max_bytes")
    given = {field.name for field, _ in rules.ListFields()}
    if any(is_bound(field) for field, value in rules.ListFields() if field.is_extension and value):
        return True
    return bool(given & {*exact, "in"}) or (
        "pattern" in given and longest_match(rules.pattern) <= LONGEST_PATTERN
    )


def is_bound(rule: FieldDescriptor) -> bool:
    """Whether a rule of our own, such as `site_name`, lets nothing long through."""
    options = {option.full_name: value for option, value in rule.GetOptions().ListFields()}
    expressions = [each.expression for each in options["buf.validate.predefined"].cel]
    patterns = [found for text in expressions for found in re.findall(r"this\.matches\('([^']*)'\)", text)]
    return any(longest_match(pattern) <= LONGEST_PATTERN for pattern in patterns)


def longest_match(pattern: str | bytes) -> int:
    """How long a text may be that matches: a pattern without `*` and `+` is a bound too."""
    assert pattern[:1] in {"^", b"^"}, f"{pattern!r} matches in the middle of anything"
    assert pattern[-1:] in {"$", b"$"}, f"{pattern!r} matches the beginning of anything"
    return int(re_parser.parse(pattern).getwidth()[1])


def unbounded(field: FieldDescriptor) -> str:
    """What of a field has no bound; empty if all has."""
    rules, repeated = rules_of(field), field.is_repeated
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return "" if rules.map.HasField("max_pairs") else "max_pairs"
    if repeated and not rules.repeated.HasField("max_items"):
        return "max_items"
    of_each = rules.repeated.items if repeated else rules
    if field.type == TEXT and not bounds_text(of_each.string):
        return "max_len"
    if field.type == BYTES and not bounds_text(of_each.bytes):
        return "max_len"
    return ""


def test_every_field_of_every_request_has_a_bound() -> None:
    found = fields()
    assert len(found) > 400
    assert [f"{field.full_name} needs {missing}" for field in found if (missing := unbounded(field))] == []


def test_the_check_sees_what_has_no_bound() -> None:
    answers = descriptor_pool.Default().FindMessageTypeByName("vpp.v1.ListEventsResponse")
    assert unbounded(answers.fields_by_name["next_page_token"]) == "max_len"
    assert unbounded(answers.fields_by_name["events"]) == "max_items"
