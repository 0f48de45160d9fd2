"""A sealing key that every process of a test has, so that one opens what another sealed."""

from vpp.foundation.sealing_keys import SealingKeys
from vpp.storage.bid_sealing import BidSealing

FIXED_SEALING = BidSealing(SealingKeys((bytes(range(32)),)))
