"""Before anything imports numpy: one thread for linear algebra, as in the hub's worker processes.

The matrices are small and two test processes share two cores, so more threads only wait for each
other; a sum's order, and with it the last bit, would also depend on their number.
"""

import os

from hypothesis import settings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

# No deadline per example: a busy machine must not fail a test, times are the benchmarks' business.
# On a desk every run looks for new counterexamples; what lands is judged by the same ones each time.
settings.register_profile("desk", deadline=None)
settings.register_profile("same-every-time", deadline=None, derandomize=True)
# Thousands of mutants are judged with few examples each; see tools/mutate.
settings.register_profile("few", deadline=None, derandomize=True, max_examples=12)
settings.load_profile(
    os.environ.get("VPP_EXAMPLES") or ("same-every-time" if os.environ.get("CI") else "desk")
)
