"""Backups of a hub's database: made while it is in use, checked, and restored elsewhere."""
