from __future__ import annotations

import subprocess
import sys


def test_reading_certificates_does_not_load_the_issuing_library() -> None:
    code = "import sys, gwctl.certs\nprint('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
