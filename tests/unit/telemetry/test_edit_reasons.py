import numpy as np
import pytest

from vpp.telemetry.edit_reasons import edit_reasons
from vpp.telemetry.reading_flag import ReadingFlag


@pytest.mark.parametrize("flag", list(ReadingFlag))
def test_every_flag_has_words(flag: ReadingFlag) -> None:
    [reason] = edit_reasons(np.array([flag], dtype=np.int32), np.array([1.0]))
    assert reason


def test_no_flag_needs_no_words() -> None:
    assert edit_reasons(np.zeros(2, dtype=np.int32), np.full(2, np.nan)).tolist() == ["", ""]
