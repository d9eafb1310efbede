"""A minute of `crash_points.py`: whichever stops come first, none leaves a fault."""

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("crash_points.py")


def test_stopped_commands_lose_nothing():
    """In a process of its own, which has run nothing of TensorFlow yet and may be forked."""
    command = [sys.executable, SCRIPT, "--part", "short", "--seconds", "60", "--seed", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    faults = [line for line in done.stdout.splitlines() if "FAULT" in line]
    assert done.returncode == 0 and not faults, faults or done.stderr[-3000:]
    count = re.search(r"(\d+) stops in", done.stdout)
    assert count and int(count[1]) >= 10, done.stdout
