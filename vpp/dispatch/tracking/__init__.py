"""Live tracking: what sites deliver, what is to be expected, and what to change."""
