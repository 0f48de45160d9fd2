"""Checks a clearing against the book alone; shares no code with the model that made it.

Every rule here is a sentence of the auction's promise, read from the book and the awards with
plain arithmetic. A violation is a defect of the engine: nothing is published.
"""

from vpp.auction.verification.bound import certified_bound
from vpp.auction.verification.promises import findings, verify

__all__ = ["certified_bound", "findings", "verify"]
