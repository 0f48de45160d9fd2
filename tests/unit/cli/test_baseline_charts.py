from dataclasses import replace
from datetime import UTC, datetime, timedelta

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from vpp.baseline.calendar import SiteCalendar
from vpp.cli.charts.baseline_event import EventPicture, draw_event, event_figure
from vpp.cli.charts.baseline_fan import FanDay, FanPanel, FanWords, fan_figure
from vpp.cli.charts.baseline_hours import HourErrors, hours_figure, spread
from vpp.cli.charts.baseline_methods import MethodScores, ScoreAxis, methods_figure
from vpp.cli.charts.baseline_style import Footnote, Texts, method_colours, new_sheet
from vpp.cli.charts.clock_axis import clock_marks, show_clock
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular

HOUR = timedelta(hours=1)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LONDON = SiteCalendar("Europe/London")
TEXTS = Texts("plant", ["one line"], [Footnote("a note"), Footnote("unverified: a value", is_warning=True)])
PNG = b"\x89PNG"


def words(figure: Figure) -> set[str]:
    """Return every text of a figure, tick labels included."""
    found = {text.get_text() for text in figure.findobj(Text)}
    return found | {label.get_text() for axes in figure.axes for label in axes.get_xticklabels()}


def event_picture() -> EventPicture:
    day = regular(np.full(24, 100.0), NOON - 12 * HOUR, HOUR)
    event = Interval(NOON + 5 * HOUR, NOON + 7 * HOUR)
    raw_kw = regular([100.0, 100.0], event.start, HOUR)
    return EventPicture(
        texts=TEXTS,
        calendar=LONDON,
        span=Interval(NOON - 12 * HOUR, NOON + 12 * HOUR),
        event=event,
        metered_kw=day.where((day.index < event.start) | (day.index >= event.end), 60.0),
        raw_kw=raw_kw,
        adjusted_kw=raw_kw + 10.0,
        windows=(Interval(NOON + HOUR, NOON + 4 * HOUR),),
        compared_kw=[regular([100.0] * 3, NOON + HOUR, HOUR)],
        days_kw=[day + 5.0, day - 5.0],
    )


def test_an_event_names_what_is_drawn_and_nothing_else() -> None:
    drawn = words(event_figure(event_picture()))
    expected = {"metered load", "baseline", "before adjustment", "the 2 days used", "reduction"}
    assert expected | {"event", "adjustment\nwindow", "a note", "unverified: a value", "plant"} <= drawn
    assert "increase" not in drawn
    plain = replace(event_picture(), windows=(), compared_kw=(), days_kw=())
    figure = event_figure(replace(plain, adjusted_kw=plain.raw_kw, metered_kw=plain.metered_kw + 200.0))
    assert not {"before adjustment", "the 2 days used", "reduction", "adjustment\nwindow"} & words(figure)
    assert "increase" in words(figure)


def test_notice_is_marked_where_it_was_given() -> None:
    picture = event_picture()
    assert "notice" not in words(event_figure(picture))
    assert "notice" in words(event_figure(replace(picture, notice_at=NOON)))
    assert "notice" not in words(event_figure(replace(picture, notice_at=NOON - 48 * HOUR)))


def test_an_event_that_is_not_metered_can_be_drawn() -> None:
    picture = event_picture()
    assert draw_event(replace(picture, metered_kw=picture.metered_kw * np.nan)).startswith(PNG)


def test_an_event_of_one_interval_can_be_drawn() -> None:
    picture = event_picture()
    event = Interval(picture.event.start, picture.event.start + HOUR)
    one = regular([100.0], event.start, HOUR)
    assert draw_event(replace(picture, event=event, raw_kw=one, adjusted_kw=one)).startswith(PNG)


def test_the_same_event_gives_the_same_bytes_and_leaves_settings_alone() -> None:
    before = dict(mpl.rcParams)
    assert draw_event(event_picture()) == draw_event(event_picture())
    assert dict(mpl.rcParams) == before


def test_a_dollar_is_a_dollar() -> None:
    assert draw_event(replace(event_picture(), texts=Texts("$1 and $2", ["$a_b$"]))).startswith(PNG)


@pytest.mark.parametrize(
    ("day", "hours", "labels"),
    [
        (datetime(2026, 3, 29, tzinfo=UTC), 23, ["00:00\nSun 29 Mar", "03:00", "06:00", "09:00"]),
        (datetime(2026, 10, 24, 23, tzinfo=UTC), 25, ["00:00\nSun 25 Oct", "03:00", "06:00", "09:00"]),
    ],
)
def test_clock_changes_move_the_labels_and_not_the_midnights(
    day: datetime, hours: int, labels: list[str]
) -> None:
    marks = clock_marks(Interval(day, day + hours * HOUR), LONDON, 3)
    assert [label for _, label in marks[:4]] == labels
    assert marks[-1] == (day + hours * HOUR, "00:00")


def test_an_hour_that_occurs_twice_is_labelled_twice() -> None:
    night = Interval(datetime(2026, 10, 24, 23, tzinfo=UTC), datetime(2026, 10, 25, 3, tzinfo=UTC))
    labels = [label for _, label in clock_marks(night, LONDON, 1)]
    assert labels == ["00:00\nSun 25 Oct", "01:00", "01:00", "02:00", "03:00"]


def test_zones_off_the_hour_are_labelled_on_their_own_hours() -> None:
    marks = clock_marks(Interval(NOON, NOON + 3 * HOUR), SiteCalendar("Asia/Kolkata"), 1)
    assert [(at.minute, label[:5]) for at, label in marks] == [(30, "18:00"), (30, "19:00"), (30, "20:00")]


def test_a_long_span_has_few_labels() -> None:
    axes = Figure().add_axes((0.1, 0.1, 0.8, 0.8))
    show_clock(axes, Interval(NOON, NOON + timedelta(days=10)), LONDON)
    assert 4 <= len(axes.get_xticks()) <= 14


def fan_day(start: datetime, *, band: bool = True) -> FanDay:
    load_kw = regular(100.0 + np.arange(24), start, HOUR)
    return FanDay(
        load_kw, load_kw - 5 if band else None, load_kw + 1, load_kw + 5 if band else None, load_kw + 9
    )


def test_a_fan_marks_days_that_are_not_neighbours() -> None:
    midnight = NOON - 12 * HOUR
    days = [fan_day(midnight), fan_day(midnight + 24 * HOUR), fan_day(midnight + 96 * HOUR)]
    drawn = words(fan_figure(TEXTS, [FanPanel("plant: rMAE 0.50", "UTC time", SiteCalendar("UTC"), days)]))
    assert {"forecast", "80 % band", "a week before", "Mon 02 Mar", "Tue 03 Mar", "Fri 06 Mar"} <= drawn


def test_a_fan_without_bands_does_not_name_one() -> None:
    panel = FanPanel("plant", "UTC time", SiteCalendar("UTC"), [fan_day(NOON, band=False)])
    drawn = words(fan_figure(TEXTS, [panel], FanWords("baseline", "before adjustment")))
    assert {"baseline", "before adjustment", "12:00\nMon 02 Mar"} <= drawn
    assert "80 % band" not in drawn


def hour_errors(label: str, level: float) -> HourErrors:
    return HourErrors(label, "#1f6fb2", np.full(24, level), np.full(24, -level / 10))


def test_errors_by_hour_name_every_method_apart() -> None:
    figure = hours_figure(TEXTS, [hour_errors(name, 0.05) for name in ("a", "b", "c")])
    assert {"a", "b", "c", "Mean absolute error", "Bias"} <= words(figure)


def test_hours_of_short_events_fill_the_drawing() -> None:
    part = hour_errors("a", 0.05)
    part.absolute_ratio[:14] = np.nan
    part.absolute_ratio[18:] = np.nan
    assert {axes.get_xlim() for axes in hours_figure(TEXTS, [part]).axes} == {(14.0, 18.0)}


def test_heights_are_spread_no_more_than_needed() -> None:
    assert spread([0.1, 0.5], 0.1) == [0.1, 0.5]
    placed = spread([0.5, 0.5, 0.52, 0.9], 0.1)
    assert np.diff(placed).min() == pytest.approx(0.1)
    assert np.mean(placed[:3]) == pytest.approx(np.mean([0.5, 0.5, 0.52]))


def test_methods_show_their_score_their_figures_and_their_mark() -> None:
    scores = np.array([0.4, 0.6, np.nan])
    rows = [
        MethodScores("robust", "#1f6fb2", scores, 0.49, ["5.30 %", "+0.10 %"]),
        MethodScores("pjm", "#c77700", scores * 2, 0.98, ["9.10 %", "+1.00 %"], is_marked=True),
        MethodScores("none", "#2e8b57", scores * np.nan, float("nan"), ["-", "-"]),
    ]
    axis = ScoreAxis("rMAE", 1.0, "as good as a week before")
    expected = {"robust", "0.49", "5.30 %", "pjm", "0.98", "unverified", "CVRMSE", "as good as a week before"}
    assert expected <= words(methods_figure(TEXTS, rows, axis, ["CVRMSE", "bias"]))


def test_scores_that_are_shares_are_written_in_percent() -> None:
    row = MethodScores("robust", "#1f6fb2", np.array([0.05, 0.06]), 0.055, [])
    axis = ScoreAxis("RRMSE", 0.2, "gate 20 %", is_share=True)
    assert {"5.5 %", "20 %", "gate 20 %"} <= words(methods_figure(TEXTS, [row], axis, []))


def test_more_methods_than_colours_are_grey() -> None:
    colours = method_colours([str(number) for number in range(12)])
    assert len(set(colours.values())) == 9
    assert len(colours) == 12


def test_long_footnotes_are_broken_and_make_the_sheet_higher() -> None:
    short, _ = new_sheet(Texts("t"), (2.0,))
    long, _ = new_sheet(Texts("t", footnotes=[Footnote("word " * 100)]), (2.0,))
    assert long.get_figheight() > short.get_figheight() + 0.4
