"""Settings: bounds, durations, exposure, misspelt names."""

import os
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from vpp.foundation.errors import InvalidInput
from vpp.hub.load_settings import load_settings, refuse_unknown_variables
from vpp.hub.preparation import principals_by_id, principals_by_token
from vpp.hub.principal_settings import PrincipalSettings
from vpp.hub.settings import ClockSettings, HubSettings, ServerSettings
from vpp.rpc.identity_interceptor import token_digest

SHIPPED = Path(__file__).resolve().parents[3] / "configs" / "hub.toml"
BASE = """
[market]
aggregator_party_id = "hub"
[[parties]]
party_id = "hub"
display_name = "Hub"
kind = "aggregator"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "hub.toml"
    path.write_text(text)
    return path


def load(folder: Path, extra: str = "") -> HubSettings:
    return load_settings(written(folder, BASE + extra))


def test_the_shipped_file_loads() -> None:
    settings = load_settings(SHIPPED)
    assert settings.server.is_loopback
    assert settings.path(settings.product_directory) == SHIPPED.parent / "products"


@pytest.mark.parametrize(
    ("former", "present"),
    [
        ('tls_certificate_file = "hub.pem"', r"certificate_file of \[server.tls\]"),
        ('tls_key_file = "hub.key"', r"key_file of \[server.tls\]"),
        ('tls_client_ca_file = "ca.pem"', r"authority_file of \[server.tls\]"),
        ("allow_plaintext = true", "plaintext, for loopback alone"),
    ],
)
def test_an_older_settings_file_is_told_what_to_do(tmp_path: Path, former: str, present: str) -> None:
    with pytest.raises(InvalidInput, match=f"is now {present}.*vpp certs"):
        load(tmp_path, f"[server]\n{former}\n")


def test_the_shipped_file_holds_no_token() -> None:
    assert all(principal.token_file is not None for principal in load_settings(SHIPPED).principals)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="does not exist"):
        load_settings(tmp_path / "hub.toml")


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("[server]\nprot = 5", "server.prot: Extra inputs"),
        ("[server]\nport = 65536", "server.port"),
        ("[server]\nport = -1", "server.port"),
        ("[session]\nresend_interval = 15", "15 is no ISO 8601 duration"),
        ('[session]\nresend_interval = "15 s"', "is no ISO 8601 duration"),
        ('[session]\nresend_interval = "PT0S"', "not between"),
        ('[session]\nresend_interval = "P2D"', "not between"),
        ("[work]\nrpc_threads = 0", "work.rpc_threads"),
        ("[jobs]\nlongest_wait = true", "is no ISO 8601 duration"),
        ("server = 5", "server"),
        ("[server", "hub.toml: "),
    ],
)
def test_what_does_not_fit_is_refused_by_name(tmp_path: Path, extra: str, message: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        load_settings(written(tmp_path, f"{extra}\n{BASE}" if extra == "server = 5" else BASE + extra))
    assert message in str(refusal.value)


def test_an_aggregator_that_is_no_party_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is not one of the parties"):
        load_settings(written(tmp_path, '[market]\naggregator_party_id = "other"\n'))


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.1", "hub.example"])  # noqa: S104  refused here
def test_plaintext_is_for_loopback_alone(address: str) -> None:
    with pytest.raises(ValidationError, match="plaintext is for loopback alone"):
        ServerSettings(listen_address=address, plaintext=True)
    assert not ServerSettings(listen_address=address).is_loopback


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_plaintext_on_loopback_has_to_be_said(address: str) -> None:
    assert not ServerSettings(listen_address=address).plaintext
    assert ServerSettings(listen_address=address, plaintext=True).is_loopback


def setting_names(model: type[BaseModel], prefix: str) -> list[str]:
    names = []
    for name, field in model.model_fields.items():
        names.append(f"{prefix}{name}")
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            names += setting_names(field.annotation, f"{prefix}{name}__")
    return names


def test_every_setting_can_come_from_the_environment() -> None:
    names = setting_names(HubSettings, "VPP_HUB_")
    assert len(names) > 40
    refuse_unknown_variables({name.upper(): "" for name in names})


@pytest.mark.parametrize(
    "variable",
    [
        "VPP_HUB_PROT",
        "VPP_HUB_SERVER__PROT",
        "VPP_HUB_SERVER_PORT",
        "VPP_HUB_SERVER__PORT__X",
        "vpp_hub_x",
        "VPP_HUB_",
    ],
)
def test_a_misspelt_variable_is_refused(variable: str) -> None:
    with pytest.raises(InvalidInput, match=variable):
        refuse_unknown_variables({variable: "1"})


def test_other_programs_variables_are_left_alone() -> None:
    refuse_unknown_variables({"VPP_HUB": "127.0.0.1:1", "VPP_TOKEN_FILE": "x", "PATH": ""})


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "VPP_HUB_SERVER__PORT", "0")  # type: ignore[arg-type]  # os.environ is a mapping
    monkeypatch.setitem(os.environ, "VPP_HUB_DATABASE__URL", "sqlite:///other.db")  # type: ignore[arg-type]  # as above
    settings = load(tmp_path, "[server]\nport = 5\nreflection = false\n")
    assert (settings.server.port, settings.server.reflection) == (0, False)
    assert settings.database.url.get_secret_value() == "sqlite:///other.db"
    assert "other.db" not in repr(settings)


PRINCIPAL = """
[[principals]]
principal_id = "agent"
party_id = "hub"
site_id = "north"
roles = ["site_agent"]
"""


def test_a_token_file_stands_for_its_sha256(tmp_path: Path) -> None:
    (tmp_path / "agent.token").write_text("open-sesame\n")
    from_file = load(tmp_path, PRINCIPAL + 'token_file = "agent.token"\n')
    from_digest = load(tmp_path, PRINCIPAL + f'token_sha256 = "{token_digest("open-sesame").upper()}"\n')
    assert principals_by_token(from_file) == principals_by_token(from_digest)
    (principal,) = principals_by_token(from_file).values()
    assert (principal.principal_id, principal.site_id) == ("agent", "north")


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_token_file_without_a_token_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "agent.token").write_text(content)
    with pytest.raises(InvalidInput, match="secret file"):
        principals_by_token(load(tmp_path, PRINCIPAL + 'token_file = "agent.token"\n'))


def test_one_token_proves_one_principal(tmp_path: Path) -> None:
    digest = f'token_sha256 = "{token_digest("x")}"\n'
    other = PRINCIPAL.replace('"agent"', '"other"')
    with pytest.raises(InvalidInput, match="have the same token"):
        principals_by_token(load(tmp_path, PRINCIPAL + digest + other + digest))


@pytest.mark.parametrize(
    "changes",
    [
        {"token_file": "x"},
        {"token_sha256": "12"},
        {"roles": []},
        {"roles": ["king"]},
        {"site_id": None},
        {"roles": ["auditor"]},
        {"roles": ["site_agent", "settlement_officer"]},
        {"roles": ["meter_data_manager", "settlement_officer"], "site_id": None},
        {"roles": ["meter_data_manager", "site_owner"], "site_id": None},
        {"roles": ["administrator", "settlement_officer"], "site_id": None},
        {"roles": ["administrator", "market_operator"], "site_id": None},
        {"roles": ["administrator", "site_owner"], "site_id": None},
        {"roles": ["administrator", "meter_data_manager"], "site_id": None},
        {"roles": ["administrator", "site_agent"]},
        {"roles": ["administrator", "dispatcher"], "site_id": None},
        {"roles": ["administrator", "auditor"], "site_id": None},
        {"roles": ["auditor", "site_owner"], "site_id": None},
        {"roles": ["auditor", "site_agent"]},
        {"roles": ["settlement_officer", "site_owner"], "site_id": None},
        {"principal_id": "Not An Id"},
    ],
    ids=str,
)
def test_a_principal_that_cannot_be_is_refused(changes: dict[str, object]) -> None:
    good: dict[str, object] = {
        "principal_id": "agent",
        "party_id": "hub",
        "site_id": "north",
        "roles": ["site_agent"],
        "token_sha256": token_digest("x"),
    }
    PrincipalSettings.model_validate(good)
    with pytest.raises(ValidationError):
        PrincipalSettings.model_validate(good | changes)


def test_enrolments_are_decided_about_by_a_party_that_there_is(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="enrolment_party_id nobody is not one of the parties"):
        load_settings(
            written(tmp_path, BASE.replace("[market]\n", '[market]\nenrolment_party_id = "nobody"\n'))
        )


def test_nobody_has_in_two_principals_what_nobody_has_in_one(tmp_path: Path) -> None:
    def two(first: str, second: str, *, person: str) -> str:
        entry = '[[principals]]\nprincipal_id = "{}"\nparty_id = "hub"\nroles = ["{}"]\n{}\n'
        return entry.format("one", first, person) + entry.format("two", second, person)

    person = 'person_id = "anna"'
    with pytest.raises(InvalidInput, match=r"anna, behind the principals one, two: who brings readings in"):
        load(tmp_path, two("meter_data_manager", "settlement_officer", person=person))
    load(tmp_path, two("meter_data_manager", "settlement_officer", person=""))  # two people
    load(tmp_path, two("market_operator", "dispatcher", person=person))


def test_without_tls_every_principal_needs_a_token(tmp_path: Path) -> None:
    assert principals_by_token(load(tmp_path, PRINCIPAL)) == {}
    (principal,) = principals_by_id(load(tmp_path, PRINCIPAL)).values()
    assert (principal.principal_id, principal.party_id, principal.site_id) == ("agent", "hub", "north")
    with pytest.raises(InvalidInput, match="agent needs either token_sha256 or token_file"):
        load(tmp_path, "[server]\nplaintext = true\n" + PRINCIPAL)


def test_a_principal_acts_for_a_party_that_there_is(tmp_path: Path) -> None:
    stranger = PRINCIPAL.replace('party_id = "hub"', 'party_id = "nobody"')
    with pytest.raises(InvalidInput, match="acts for nobody"):
        principals_by_id(load(tmp_path, stranger))


def test_a_clock_needs_instants_with_an_offset() -> None:
    speeds = [{"start": "2026-03-02T13:00:00+01:00", "factor": 600}]
    clock = ClockSettings.model_validate({"machine_start": "2026-11-24T09:00:00Z", "speeds": speeds})
    assert clock.speeds[0].start.isoformat() == "2026-03-02T12:00:00+00:00"
    with pytest.raises(ValidationError):
        ClockSettings.model_validate({"machine_start": "2026-11-24T09:00:00", "speeds": speeds})
    with pytest.raises(ValidationError):
        ClockSettings.model_validate({"machine_start": "2026-11-24T09:00:00Z", "speeds": []})
