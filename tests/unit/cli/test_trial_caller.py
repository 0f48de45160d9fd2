import hashlib
import stat
from pathlib import Path

from vpp.cli.trial_caller import TrialCaller, site_caller, write_token


def test_a_caller_is_told_by_token_on_plaintext_and_by_its_certificate_otherwise() -> None:
    caller = TrialCaller("operator", "grid", ("market_operator", "dispatcher"))
    assert caller.table("sesame")["token_sha256"] == hashlib.sha256(b"sesame").hexdigest()
    assert caller.table()["token_sha256"] is None
    assert caller.table()["roles"] == ["market_operator", "dispatcher"]


def test_a_sites_agent_has_its_site(tmp_path: Path) -> None:
    agent = site_caller("north-1", "north-owner", tmp_path)
    assert (agent.principal_id, agent.site_id, agent.roles) == ("agent-north-1", "north-1", ("site_agent",))


def test_a_token_is_its_holders_alone(tmp_path: Path) -> None:
    tokens = [write_token(tmp_path / name) for name in ("a", "b")]
    assert tokens[0] != tokens[1]
    assert (tmp_path / "a").read_text() == f"{tokens[0]}\n"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
