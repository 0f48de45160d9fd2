from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vpp.agent.settings import AgentSettings, load_settings
from vpp.agent.unit_tables import units_of
from vpp.foundation.clock import AcceleratedClock, SystemClock
from vpp.foundation.errors import InvalidInput
from vpp.simulator.settings import plant_settings

EXAMPLE = Path(__file__).resolve().parents[3] / "configs" / "site.toml"


def changed(tmp_path: Path, old: str, new: str) -> AgentSettings:
    text = EXAMPLE.read_text()
    assert old in text
    path = tmp_path / "site.toml"
    path.write_text(text.replace(old, new, 1))
    return load_settings(path)


def in_the_clear(tmp_path: Path, token: str) -> AgentSettings:
    text = EXAMPLE.read_text()
    tls = text[text.index("\n[hub.tls]") : text.index("# [clock]")]
    path = tmp_path / "site.toml"
    path.write_text(text.replace(tls, "").replace("[hub]\n", f"[hub]\nplaintext = true\n{token}\n"))
    return load_settings(path)


def test_the_example_is_a_whole_site() -> None:
    settings = load_settings(EXAMPLE)
    assert settings.site_name == "sites/north-1"
    assert [unit.resource_id for unit in units_of(settings.resources, None)] == [
        "batch",
        "bess",
        "cooling",
        "ups",
    ]
    assert set(plant_settings(settings.driver).devices()) == {"batch", "bess", "cooling", "ups"}
    assert isinstance(settings.build_clock(), SystemClock)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('zone = "GB"', 'zone = "GB"\nregion = "north"', "site.region"),
        ("import_limit_kw = 1600.0", "import_limit_kw = -1.0", "site.import_limit_kw"),
        ('metering_interval = "PT5M"', 'metering_interval = "PT7M"', "divide an hour"),
        ("\n[hub.tls]", "\n[hub.tsl]", "hub.tsl"),
        ("[hub]\n", "[hub]\nplaintext = true\n", "give either hub.tls, or plaintext"),
        ("[hub]\n", '[hub]\ntoken_file = "token"\n', "a token goes with plaintext alone"),
        ("[hub]\n", '[hub]\ntoken_environment = "T"\n', "name certificate_file and key_file"),
        ('key_file = "tls/site.key"', "", "hub.tls.key_file"),
        ("reserve_ratio = 0.2", "reserve_ratio = 1.0", "bidding.reserve_ratio"),
        ('site_id = "north-1"', 'site_id = "3E2"', "site.site_id"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        changed(tmp_path, old, new)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("capacity_kwh = 600.0", "capacity_kwh = 600.0\ncolour = 1", "unknown keys colour"),
        ('response_time = "PT1S"', "response_time = 1", "expected a duration"),
        ('curves = "water_cooled"', 'curves = "steam"', "curves is 'steam'"),
        ('tier = "flex2"', 'tier = "flex9"', "tier is 'flex9'"),
        ('method = "capping"', 'method = "magic"', "method is 'magic'"),
        ("round_trip_ratio = 0.86", "round_trip_ratio = 1.2", "round_trip_ratio is 1.2"),
        ('job_class = "batch_inference"', 'job_class = "mining"', "job_class"),
        ("[resources.ups.ups]", "[resources.ups.bess]", "bess is given twice"),
        ("[resources.ups.ups]", "[resources.flywheel.ups]", "flywheel is not a kind"),
    ],
)
def test_a_resource_that_cannot_be_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    settings = changed(tmp_path, old, new)
    with pytest.raises(InvalidInput, match=named):
        units_of(settings.resources, None)


def test_jobs_that_are_paused_state_their_checkpoints(tmp_path: Path) -> None:
    pausing = 'method = { checkpoint_interval = "PT30M", restart_time = "PT4M", idle_power_ratio = 0.2 }'
    settings = changed(tmp_path, 'method = "capping"', pausing)
    assert len(units_of(settings.resources, None)) == 4


def test_the_token_comes_from_the_environment_or_a_file_and_is_not_shown(tmp_path: Path) -> None:
    assert (
        load_settings(EXAMPLE).token({"VPP_AGENT_TOKEN": "secret"}) is None
    )  # its certificate says who it is
    settings = in_the_clear(tmp_path, 'token_environment = "VPP_AGENT_TOKEN"')
    token = settings.token({"VPP_AGENT_TOKEN": "secret"})
    assert token is not None
    assert (token.get_secret_value(), "secret" in repr(token)) == ("secret", False)
    with pytest.raises(InvalidInput, match="VPP_AGENT_TOKEN is empty"):
        settings.token({})
    (tmp_path / "token").write_text("from-file\n")
    filed = in_the_clear(tmp_path, 'token_file = "token"').token()
    assert filed is not None
    assert filed.get_secret_value() == "from-file"


def test_an_accelerated_clock_is_built_from_its_profile(tmp_path: Path) -> None:
    settings = changed(
        tmp_path,
        "[limits] #",
        "[clock]\nmachine_start = 2026-11-24T09:00:00Z\n"
        "speeds = [{ start = 2026-11-26T00:00:00Z, factor = 1440.0 }]\n\n[limits] #",
    )
    clock = settings.build_clock()
    assert isinstance(clock, AcceleratedClock)
    midnight = datetime(2026, 11, 26, tzinfo=UTC)
    assert clock.machine_time(midnight + timedelta(days=1)) == datetime(2026, 11, 24, 9, 1, tzinfo=UTC)


def test_plaintext_is_for_this_machine_alone(tmp_path: Path) -> None:
    text = EXAMPLE.read_text()
    tls = text[text.index("\n[hub.tls]") : text.index("# [clock]")]
    path = tmp_path / "site.toml"
    path.write_text(
        text.replace(tls, "").replace(
            'address = "127.0.0.1:50051"', 'address = "10.0.0.1:1"\nplaintext = true'
        )
    )
    with pytest.raises(InvalidInput, match="plaintext is for this machine alone"):
        load_settings(path)
