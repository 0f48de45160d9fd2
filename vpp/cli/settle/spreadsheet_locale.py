"""Whose spreadsheet a copy of a statement is for."""

import enum
from collections.abc import Mapping

from vpp.cli.settle.column_words import CHINESE, FRENCH, GERMAN, JAPANESE


class CopyLocale(enum.Enum):
    """Whose spreadsheet the copy is for.

    Attributes:
        EN: Point and comma.
        DE: Decimal comma, semicolons, German column names.
        FR: Decimal comma, semicolons, French column names.
        ZH: Point and comma, Chinese column names.
        JA: Point and comma, Japanese column names.
    """

    EN = "en"
    DE = "de"
    FR = "fr"
    ZH = "zh"
    JA = "ja"

    @property
    def decimal_sign(self) -> str:
        """What stands before decimal places."""
        return "," if self in {CopyLocale.DE, CopyLocale.FR} else "."

    @property
    def separator(self) -> str:
        """What stands between cells."""
        return ";" if self.decimal_sign == "," else ","

    @property
    def words(self) -> Mapping[str, str]:
        """Names of the columns in its language; none where they stay as they are."""
        return _WORDS[self]


_WORDS: Mapping[CopyLocale, Mapping[str, str]] = {
    CopyLocale.EN: {},
    CopyLocale.DE: GERMAN,
    CopyLocale.FR: FRENCH,
    CopyLocale.ZH: CHINESE,
    CopyLocale.JA: JAPANESE,
}
