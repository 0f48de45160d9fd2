"""What the hub's owner sets about the signing of commands and of the audit record."""

from datetime import timedelta
from pathlib import Path

from vpp.hub.setting_types import Group, Wait


class SigningSettings(Group):
    """How sites can tell that what they are told is the hub's.

    Attributes:
        key_file: Ed25519 private key, PEM, made by `vpp keys create`; deliveries go out unsigned
            without it.
        head_interval: How often the ends of the audit record's chains are signed, machine time; what came
            after the last one is protected by its hashes alone.
    """

    key_file: Path | None = None
    head_interval: Wait = timedelta(minutes=10)
