import pytest
from pydantic import ValidationError

from vpp.hub.observability_settings import LogSettings, MetricsSettings, ReadinessSettings, TracingSettings
from vpp.hub.score_settings import ScoreSettings


def test_nothing_listens_and_nothing_is_traced_unless_it_is_asked_for() -> None:
    assert MetricsSettings().port is None
    assert MetricsSettings().listen_address == "127.0.0.1"
    assert TracingSettings().endpoint is None
    assert LogSettings().format == "text"


@pytest.mark.parametrize(
    ("group", "field", "value"),
    [
        (MetricsSettings, "port", 70_000),
        (MetricsSettings, "listen_address", "not an address"),
        (TracingSettings, "endpoint", "127.0.0.1:4317"),
        (LogSettings, "format", "xml"),
        (ReadinessSettings, "max_stuck_ratio", 1.0),
        (ReadinessSettings, "max_loop_lag", "one second"),
        (ScoreSettings, "least_ratio", 0.0),
        (ScoreSettings, "half_life", "PT1H"),
        (ScoreSettings, "horizon", 90),
    ],
)
def test_what_makes_no_sense_is_refused(group: type, field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        group(**{field: value})


def test_scores_default_to_the_choices_of_dispatch() -> None:
    assert ScoreSettings(half_life="P10D").choices().half_life.days == 10
