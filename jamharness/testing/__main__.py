"""The process behind ``jamharness conformance``: first the backend, so that it may refuse, then pytest on the suite."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory

from jamharness.api import DTYPES, JamharnessError

PASSED, FAILED, COULD_NOT_RUN, INTERRUPTED = 0, 1, 2, 130


def main() -> int:
    """Run the suite in this process.

    Returns:
        0 all passed, 1 something failed, 2 it could not run, 130 interrupted.
    """
    # The pytest plugins of other distributions change how tests are run; none is needed here.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTEST_ADDOPTS", None)
    parser = ArgumentParser(prog="python -m jamharness.testing")
    parser.add_argument("backend")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", action="append")
    parser.add_argument("-k", dest="select", default="")
    parser.add_argument("--report")
    options = parser.parse_args()
    import pytest

    from jamharness.plugins import load_backend

    try:
        for dtype in options.dtype or DTYPES:
            load_backend(options.backend, device=options.device, dtype=dtype, threads=1)
    except JamharnessError as error:
        sys.stderr.write(f"{error}\n")
        return COULD_NOT_RUN
    with TemporaryDirectory() as folder:
        # A configuration of its own: whatever lies in the user's folder is not about this suite.
        settings = Path(folder, "pytest.ini")
        settings.write_text("[pytest]\n", encoding="utf-8")
        arguments = [
            "-c", str(settings), "--rootdir", folder, "--noconftest", "-p", "no:cacheprovider", "-q", "-ra",
            "-p", "jamharness.testing.plugin", "--import-mode=importlib",
            "--pyargs", "jamharness.testing.backend_tests",
            "--conformance-backend", options.backend, "--conformance-device", options.device,
            *(f"--conformance-dtype={dtype}" for dtype in options.dtype or ()),
            *(("-k", options.select) if options.select else ()),
            *(("--conformance-json", options.report) if options.report else ()),
        ]  # fmt: skip
        code = int(pytest.main(arguments))
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        sys.stderr.write(f"-k {options.select!r} selects no test; see their names with: -k test_\n")
    return {0: PASSED, 1: FAILED, 2: INTERRUPTED}.get(code, COULD_NOT_RUN)


if __name__ == "__main__":
    raise SystemExit(main())
