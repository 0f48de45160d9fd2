"""Finds the awards: relax, round, solve again, and search further where the gap is too wide."""
