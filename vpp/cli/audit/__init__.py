"""`vpp audit`: the record of what was done, kept and checked by whoever wants to."""
