"""The site planner: what to offer, and who delivers what was sold."""
