"""Drivers for equipment that sites have: one file each behind one small interface."""
