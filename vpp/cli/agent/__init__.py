"""`vpp agent`: the site's own program, and what people at the site do with it."""
