r"""What happens when everything lets go at once: the warning of correlated responses.

Resources that were used together are released together and recover together, and so do the sites of an
area that serve the same event. At the site, the powers of all recoveries add up:

    rebound = sum_r cap_r        over the resources that were used together
    room    = what the connection leaves in nine cases of ten

Beyond the room, recovery has to be staggered, or takes longer. What the area's other sites do at the
same minute is not known at the site; that the site's own rebound comes within minutes of the end is.

Source:
    Case K11 of this project's reference: many sites in one area release together. Portfolio release and
    rebound must be ramp-limited and staggered: the domain reference "Products", section 5.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vpp.flexibility.bounds import TOLERANCE_KW
from vpp.flexibility.site_envelope import SiteEnvelope

LARGE_SHARE_RATIO = 0.1
"""A rebound that raises a typical load by more than this share is worth a warning: a choice."""


@dataclass(frozen=True, slots=True)
class JointRelease:
    """What a release of everything at once means.

    Attributes:
        released_kw: What is given back to the grid's load at the end of an activation, kW.
        rebound_kw: What recovery may draw beside it, kW.
        resource_ids: Which resources recover.
        room_kw: What the connection leaves in nine cases of ten, kW.
        warnings: What to beware of, in words; empty if nothing.
    """

    released_kw: float
    rebound_kw: float
    resource_ids: tuple[str, ...]
    room_kw: float
    warnings: tuple[str, ...]


def joint_release(site: SiteEnvelope, room_kw: float, typical_load_kw: float) -> JointRelease:
    """Return what the release of a site's resources at once means.

    Args:
        site: What is used together.
        room_kw: What the connection leaves in nine cases of ten, kW.
        typical_load_kw: Load of the site in every other case, kW.
    """
    recovering = _recovering(site)
    rebound_kw = math.fsum(kw for _, kw in recovering)
    step_kw = site.p_max_kw + rebound_kw
    warnings = []
    if rebound_kw > room_kw + TOLERANCE_KW:
        warnings.append(
            f"all resources together would recover with {rebound_kw:,.0f} kW, and the connection leaves "
            f"{room_kw:,.0f} kW in nine cases of ten: stagger the recovery or limit the rebound"
        )
    if len(site.parts) > 1 and step_kw > LARGE_SHARE_RATIO * typical_load_kw:
        warnings.append(
            f"{len(site.parts)} resources released in the same minute raise the load by {step_kw:,.0f} kW; "
            "other sites of the area that serve the same event do the same: release with an offset and a "
            "ramp limit"
        )
    return JointRelease(
        released_kw=site.p_max_kw,
        rebound_kw=rebound_kw,
        resource_ids=tuple(key for key, _ in recovering),
        room_kw=room_kw,
        warnings=tuple(warnings),
    )


def _recovering(site: SiteEnvelope) -> Sequence[tuple[str, float]]:
    return [
        (part.resource_id, part.recovery.cap_kw) for part in site.parts if part.recovery.cap_kw > TOLERANCE_KW
    ]
