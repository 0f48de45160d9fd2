"""Words that people write and others read: on a statement, in a terminal, in a browser."""

import unicodedata

from vpp.foundation.errors import InvalidInput

_LINE_BREAKS = frozenset("\n\t")
_CONTROLS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")  # letters of Persian and of Indic scripts need them


def free_text(text: str, field: str, *, several_lines: bool) -> str:
    """Return what somebody wrote without the blanks around it.

    Args:
        text: What was written.
        field: What to call it in the error.
        several_lines: Whether it may have line breaks and tabs.

    Raises:
        InvalidInput: Nothing is left, or a character steers terminals or turns the text around.

    Source:
        The Unicode Standard, chapter 4.5 "General Category"; refused are control and format characters, among
        them escape sequences (U+001B) and bidirectional overrides (U+202E).

    Example:
        >>> free_text("  meter was off by 10 % ", "description", several_lines=False)
        'meter was off by 10 %'
    """
    written = text.replace("\r\n", "\n").strip() if several_lines else text.strip()
    if not written:
        raise InvalidInput(f"{field} is empty, expected words that say why", field=field)
    for place, character in enumerate(written):
        if unicodedata.category(character) not in _CONTROLS or character in _JOINERS:
            continue
        if several_lines and character in _LINE_BREAKS:
            continue
        lines = "printed characters and line breaks" if several_lines else "one line of printed characters"
        raise InvalidInput(
            f"{field} has the character U+{ord(character):04X} at place {place + 1}, expected {lines}",
            field=field,
            character=f"U+{ord(character):04X}",
        )
    return written


def harmless(text: str) -> str:
    """Return a text that steers no terminal, whoever wrote it: what could is written as its code point.

    Example:
        >>> harmless("2.25\u001b[2JEverything holds.")
        '2.25<U+001B>[2JEverything holds.'
    """
    return "".join(
        f"<U+{ord(character):04X}>"
        if unicodedata.category(character) in _CONTROLS and character not in _JOINERS
        else character
        for character in text
    )
