"""What the hub's owner sets about the sealing of bids."""

from pathlib import Path

from vpp.hub.setting_types import Group


class SealingSettings(Group):
    """What keeps bids unreadable until their gate closes.

    Attributes:
        key_file: Keys, the one that seals first, made by `vpp keys create --sealing`; a new hub without the
            file makes it. Kept apart from the database and from its backups.
    """

    key_file: Path = Path("sealing.key")
