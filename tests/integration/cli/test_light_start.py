"""Every command's parser is there without the packages that the server runs on."""

import subprocess
import sys

from ledger.cli.main import SERVER_PACKAGES


def test_the_command_line_imports_none_of_the_servers_packages() -> None:
    program = "import ledger.cli.main, sys; print(*{m.partition('.')[0] for m in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, check=True, text=True
    )
    assert SERVER_PACKAGES.isdisjoint(done.stdout.split())
