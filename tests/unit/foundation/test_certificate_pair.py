from pathlib import Path

import pytest
from support.made_certificates import AGENT, HUB, NOON, OPERATOR, issued, new_authority

from vpp.foundation.certificate_pair import next_file, read_pair
from vpp.foundation.errors import InvalidInput


def test_a_pair_says_whose_it_is_and_shows_no_key(tmp_path: Path) -> None:
    with new_authority(tmp_path / "ca") as authority:
        pair = issued(authority, AGENT, tmp_path / "site")
    assert pair.name == AGENT.name
    assert (pair.not_after - NOON).days == 7
    assert pair.lifetime > pair.not_after - NOON  # dated back a little
    assert len(pair.fingerprint) == 64
    assert "PRIVATE" not in repr(pair)
    assert str(pair.name) in repr(pair)


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    with new_authority(tmp_path / "ca") as authority:
        issued(authority, AGENT, tmp_path / "site")
        issued(authority, OPERATOR, tmp_path / "operator")
    with pytest.raises(InvalidInput, match=r"operator\.key is not the key of .*site\.pem"):
        read_pair(tmp_path / "site.pem", tmp_path / "operator.key")


def test_a_certificate_that_waits_beside_is_taken_if_it_fits_the_key(tmp_path: Path) -> None:
    with new_authority(tmp_path / "ca") as authority:
        old = issued(authority, AGENT, tmp_path / "site")
        new = issued(authority, AGENT, tmp_path / "new")
    certificate_file = tmp_path / "site.pem"
    next_file(certificate_file).write_bytes(new.certificate_pem)
    assert read_pair(certificate_file, tmp_path / "site.key") == old
    (tmp_path / "site.key").write_bytes(new.key_pem)
    assert read_pair(certificate_file, tmp_path / "site.key") == new


@pytest.mark.parametrize(
    ("file", "content", "complaint"),
    [
        ("site.pem", None, r"site\.pem cannot be read: No such file"),
        ("site.key", None, r"site\.key cannot be read: No such file"),
        ("site.pem", b"", r"site\.pem is no certificate in PEM"),
        (
            "site.pem",
            b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n",
            "is no certificate in PEM",
        ),
        ("site.key", b"hunter2", r"site\.key is no private key in PEM without a password"),
    ],
)
def test_files_that_cannot_be_used_are_named_and_not_quoted(
    tmp_path: Path, file: str, content: bytes | None, complaint: str
) -> None:
    with new_authority(tmp_path / "ca") as authority:
        issued(authority, HUB, tmp_path / "site")
    if content is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(InvalidInput, match=complaint) as refusal:
        read_pair(tmp_path / "site.pem", tmp_path / "site.key")
    assert "hunter2" not in str(refusal.value)
