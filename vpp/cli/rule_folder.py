"""Where the baseline rules are."""

from pathlib import Path

from vpp.foundation.errors import NotFound


def rule_folder() -> Path:
    """Return the folder of the baseline rules that come with a clone of the project.

    Raises:
        NotFound: The package was installed without its clone.
    """
    folder = Path(__file__).resolve().parents[2] / "configs" / "baselines"
    if not folder.is_dir():
        raise NotFound(f"{folder} is missing; run this from a clone of the project", folder=str(folder))
    return folder
