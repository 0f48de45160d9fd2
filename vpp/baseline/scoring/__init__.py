"""How good each baseline rule is for a site, which one it keeps for a season, and what looks gamed."""
