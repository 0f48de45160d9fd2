"""Before anything imports numpy: one thread for linear algebra, as in the hub's worker processes.

The matrices are small and two test processes share two cores, so more threads only wait for each
other; a sum's order, and with it the last bit, would also depend on their number.
"""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
