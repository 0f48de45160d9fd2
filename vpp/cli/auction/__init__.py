"""`vpp auction`: clear, check and explain a book of bids without a hub."""
