"""Measure how fast coursekit is: tables of times and ratios.

    python -m tests.benchmarks [NAME …]

Names: training, throughput, scaling, units, sweeping, course and latency; all by default.
Run it from the root of the repository, on a machine that does nothing else. scikit-learn and
PyTorch are measured where they are installed. All use as many threads as they like; what one
thread does, OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 before the command tells.
"""

import os
import sys

import numpy as np

from tests.benchmarks import (
    course,
    latency,
    scaling,
    sweeping,
    throughput,
    training_speed,
    units,
)

BENCHMARKS = {
    "training": training_speed.main,
    "throughput": throughput.main,
    "scaling": scaling.main,
    "units": units.main,
    "sweeping": sweeping.main,
    "course": course.main,
    "latency": latency.main,
}

if __name__ == "__main__":
    chosen = sys.argv[1:] or list(BENCHMARKS)
    if unknown := set(chosen) - set(BENCHMARKS):
        sys.exit(f"unknown benchmark {', '.join(unknown)}. Known: {', '.join(BENCHMARKS)}")
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "all")
    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}, BLAS threads: {threads}")
    for name in chosen:
        BENCHMARKS[name]()
