"""`vpp settle`: run settlements, prove statements, decide what is disputed."""
