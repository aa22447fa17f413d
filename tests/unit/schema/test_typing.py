import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
CASES = Path(__file__).with_name("typing_cases.py")


def test_the_declarations_are_typed_in_strict_mode():
    """Nested records, null against absent, frozen slots and class arguments, as the type checker sees them."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(CASES)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert found.stdout == ""
    assert found.returncode == 0
