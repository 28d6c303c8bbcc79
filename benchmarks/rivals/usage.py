"""Runs a command and prints what it took, as JSON: wall and processor time, peak memory.

python usage.py COMMAND ...

A process inherits its parent's peak as the floor of its own, and a parent that lays out large clips
has a high one. This parent is small. It imports next to nothing for that reason.
"""

import json
import os
import subprocess
import sys
import time


def main() -> None:
    began = time.perf_counter()
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(sys.argv[1:], stdin=quiet, stdout=quiet, stderr=quiet)
    _, status, usage = os.wait4(process.pid, 0)
    told = {
        "wall_s": time.perf_counter() - began,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
        "exit_code": os.waitstatus_to_exitcode(status),
    }
    process.returncode = told["exit_code"]
    print(json.dumps(told))


if __name__ == "__main__":
    main()
