"""The planner's program as a Pyomo model, row by row as the terms state it: the measure of the fast one."""
