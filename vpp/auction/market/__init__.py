"""A book as the engine sees it: the market's own rows in Pyomo, and bids as columns beside them."""
