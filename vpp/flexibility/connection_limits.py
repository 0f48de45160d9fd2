r"""What a site's connection takes, as hard bounds on every change of its consumption.

With the net load l_t that a site would have, kW:

    increase_t <= max(0, min(import, transformer) - l_t)      rebound and load-up alike
    reduction_t <= max(0, export + l_t)                       nothing flows back beyond what is allowed

A load that is beyond a limit by itself is the site's own affair; no change adds to it.

Source:
    Import and transformer limits as hard constraints on rebound: a choice of this project.
"""

import math
from dataclasses import dataclass

from vpp.flexibility.bounds import check_within


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What the connection takes.

    Attributes:
        import_kw: Largest net consumption by contract, kW.
        transformer_kw: Largest net flow in either direction through the transformer, kW; infinite
            where it is not known.
        export_kw: Largest net feed-in, kW; 0 for none.
    """

    import_kw: float
    transformer_kw: float = math.inf
    export_kw: float = 0.0

    def __post_init__(self) -> None:
        """Refuse negative limits."""
        check_within(self.import_kw, "import_kw")
        check_within(self.export_kw, "export_kw")
        if self.transformer_kw != math.inf:
            check_within(self.transformer_kw, "transformer_kw")

    @property
    def largest_import_kw(self) -> float:
        """Largest net consumption, kW."""
        return min(self.import_kw, self.transformer_kw)

    @property
    def largest_export_kw(self) -> float:
        """Largest net feed-in, kW."""
        return min(self.export_kw, self.transformer_kw)
