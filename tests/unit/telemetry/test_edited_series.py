from datetime import UTC, datetime, timedelta

import numpy as np

from vpp.foundation.series import regular
from vpp.telemetry.edit_rules import EDITING_VERSION, EditRules
from vpp.telemetry.edited_series import EditedSeries
from vpp.telemetry.editing import edited
from vpp.telemetry.quality import MeterQuality
from vpp.telemetry.reading_flag import ReadingFlag

HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
NAN = np.nan


def example() -> EditedSeries:
    values = [10.0, NAN, 30.0, -1.0, NAN, NAN, NAN, 5.0]
    flag = np.array([0, 0, 0, 0, 0, 0, 0, ReadingFlag.REPORTED_BAD], dtype=np.int32)
    rules = EditRules(replaced=ReadingFlag.NONE)
    return edited(regular(values, MONDAY, HOUR), flag=flag, rules=rules, notes=("read",))


def test_quality_follows_from_flags_and_edits() -> None:
    ok, estimated, missing, bad = (
        MeterQuality.OK,
        MeterQuality.ESTIMATED,
        MeterQuality.MISSING,
        MeterQuality.BAD,
    )
    assert example().quality.tolist() == [ok, estimated, ok, ok, missing, missing, missing, bad]


def test_edited_is_where_the_value_is_not_the_reading() -> None:
    assert np.flatnonzero(example().is_edited).tolist() == [1]


def test_counts_name_what_there_is() -> None:
    assert example().counts() == {
        "missing": 4,
        "negative": 1,
        "linear": 1,
        "long_gap": 3,
        "reported_bad": 1,
    }


def test_metered_is_what_the_stages_work_with() -> None:
    metered = example().metered()
    np.testing.assert_array_equal(metered.net_power_kw, [10.0, 20.0, 30.0, -1.0, NAN, NAN, NAN, 5.0])
    np.testing.assert_array_equal(metered.usable_kw().iloc[-1], NAN)
    assert metered.step == HOUR


def test_the_frame_keeps_raw_edited_flag_and_reason() -> None:
    frame = example().to_frame()
    assert list(frame.columns) == ["raw_kw", "edited_kw", "quality", "flag", "reason"]
    assert frame.index.name == "start_time"
    np.testing.assert_array_equal(frame.raw_kw, [10.0, NAN, 30.0, -1.0, NAN, NAN, NAN, 5.0])
    assert frame.flag.tolist()[:4] == ["", "missing+linear", "", "negative"]
    assert frame.quality.tolist()[:5] == ["ok", "estimated", "ok", "ok", "missing"]
    assert frame.reason.iloc[1] == "missing; a line between the neighbours"


def test_notes_and_version_are_kept() -> None:
    assert (example().notes, example().version, example().step) == (("read",), EDITING_VERSION, HOUR)
