"""`vpp db`: look after a hub's database."""
