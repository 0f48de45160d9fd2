"""What people write for others to read: their own words, and nothing that steers what shows them."""

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.foundation.free_text import free_text


def test_words_of_any_script_stay_as_they_are() -> None:
    text = "電表讀數有誤 (m\u00e4rz) \u2013 \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 =1+1"
    assert free_text(f" {text}\n", "reason", several_lines=False) == text


def test_several_lines_are_kept_where_they_are_allowed() -> None:
    assert free_text("one\r\n\ttwo\n", "description", several_lines=True) == "one\n\ttwo"


@pytest.mark.parametrize("text", ["", "   ", "\n\t "])
def test_blanks_say_nothing(text: str) -> None:
    with pytest.raises(InvalidInput, match="description is empty, expected words"):
        free_text(text, "description", several_lines=True)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("paid\x1b[2Jnothing", r"U\+001B at place 5"),
        ("a\x00b", r"U\+0000 at place 2"),
        ("a\rb", r"U\+000D at place 2"),
        ("12\u202e34", r"U\+202E at place 3"),
        ("a\u2028b", r"U\+2028 at place 2"),
        ("a\ud800b", r"U\+D800 at place 2"),
    ],
)
@pytest.mark.parametrize("several_lines", [True, False])
def test_what_steers_terminals_or_turns_text_around_is_refused(
    text: str, named: str, *, several_lines: bool
) -> None:
    with pytest.raises(InvalidInput, match=named):
        free_text(text, "description", several_lines=several_lines)


@pytest.mark.parametrize("text", ["one\ntwo", "one\ttwo"])
def test_one_line_has_no_breaks(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"reason has the character .* expected one line"):
        free_text(text, "reason", several_lines=False)
