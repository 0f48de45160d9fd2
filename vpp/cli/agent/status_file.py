"""Reading the status that a site's agent writes."""

import json
from pathlib import Path
from typing import Any


def read_status(path: Path) -> dict[str, Any] | None:
    """Return a status; None if there is none, or none that can be read."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "site" in found else None
