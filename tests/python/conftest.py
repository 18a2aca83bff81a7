import os
import sys

import hypothesis

# Repeatable: the same examples in every run; a longer search is `--hypothesis-seed=random -m property` with this profile off.
hypothesis.settings.register_profile("topkit", max_examples=150, deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("topkit")

# Several frameworks share the test machine's few cores.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
if not os.path.exists("/dev/nvidia0"):
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    # Read when triton's functions are defined, that is by whichever test imports topkit.triton first.
    os.environ.setdefault("TRITON_INTERPRET", "1")
sys.path.insert(0, os.path.dirname(__file__))
