"""Find the browsers that the tests drive, and install them where there are none.

`make test` runs this as a script: it leaves a browser that starts, or exits with one sentence.
Chromium's headless shell is the same engine without windows and takes half the processor time:
most tests run in it where it is installed. It makes no offer of passkeys, so a few run in Chromium.
"""

import os
import shutil
import subprocess
import sys

from playwright.sync_api import sync_playwright

_NAMES = (
    "chromium",
    "google-chrome",
    "google-chrome-stable",
    "chromium-browser",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)

_SHELL = "chromium-headless-shell"


def find_browser() -> str | None:
    """Return the path of a Chromium, or None; LEDGER_BROWSER, when set, is the only candidate."""
    if chosen := os.environ.get("LEDGER_BROWSER"):
        return shutil.which(chosen)
    for name in _NAMES:
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        return shutil.which(playwright.chromium.executable_path)


def find_shell() -> str | None:
    """Return the path of a headless shell, or of the browser that serves in its place."""
    if "LEDGER_BROWSER" not in os.environ and (path := shutil.which(_SHELL)):
        return path
    return find_browser()


def _version(path: str | None) -> str | None:
    """Return what the browser says it is, or None where it does not start."""
    if path is None:
        return None
    # Ubuntu's chromium-browser, outside a desktop, is a script that only says how to get one.
    try:
        run = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return run.stdout.strip() if run.returncode == 0 else None


def _run(*command: str) -> bool:
    """Tell whether the command succeeded; what it says goes to standard error."""
    print("$", *command, file=sys.stderr)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, stdout=sys.stderr, env=environment).returncode == 0


def _install_with_apt() -> bool:
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return False
    return _run(apt, "update", "-qq") and _run(
        apt, "install", "-y", "-qq", "--no-install-recommends", "chromium"
    )


def _install_shell(browser: str) -> None:
    """Install the headless shell beside Debian's Chromium; without it the tests take longer."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0 or not browser.endswith("/chromium"):
        return
    install = apt, "install", "-y", "-qq", "--no-install-recommends", _SHELL
    _ = _run(*install) or (_run(apt, "update", "-qq") and _run(*install))


def _install_with_playwright() -> bool:
    return _run(sys.executable, "-m", "playwright", "install", "chromium")


def main() -> int:
    """Leave a browser that starts; return 0, or 1 after saying what is missing."""
    path = find_browser()
    if not _version(path) and "LEDGER_BROWSER" not in os.environ:
        for install in (_install_with_apt, _install_with_playwright):
            if install() and _version(path := find_browser()):
                break
    if path is not None and (version := _version(path)):
        if "LEDGER_BROWSER" not in os.environ and shutil.which(_SHELL) is None:
            _install_shell(path)
        print(f"Browser: {version} ({path})")
        return 0
    print(
        "The browser tests need Chromium or Chrome, and none that starts is here or could be "
        "installed: install one, or say where it is with LEDGER_BROWSER=/path/to/chrome.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
