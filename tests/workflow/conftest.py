"""The program as a person runs it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def terrakin() -> Run:
    """Run `terrakin` with arguments in a process of its own."""

    def run(*arguments: str | Path, status: int = 0) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "terrakin", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "COLUMNS": "110"})
        assert done.returncode == status, f"{done.returncode}: {done.stdout}{done.stderr}"
        return done

    return run
