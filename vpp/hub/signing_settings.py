"""What the hub's owner sets about the signing of commands."""

from pathlib import Path

from vpp.hub.setting_types import Group


class SigningSettings(Group):
    """How sites can tell that what they are told is the hub's.

    Attributes:
        key_file: Ed25519 private key, PEM, made by `vpp keys create`; deliveries go out unsigned
            without it.
    """

    key_file: Path | None = None
