"""What is released: built from a copy, installed outside the checkout, and run there."""

import importlib.metadata
import json
import os
import socket
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic

import httpx
import pytest

import ledger
from ledger.cli.main import SERVER_PACKAGES
from ledger.jose import generate, sign_multi
from tests.support.audited import eventful
from tests.vectors.evidence.make import DIRECTORY

ROOT = Path(__file__).parents[2]
START_S = 30


def a_strangers_environment() -> dict[str, str]:
    """The environment without our settings, and without a path back into the checkout."""
    ours = ("LEDGER_", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def run(*command: str | Path, cwd: Path, status: int = 0) -> str:
    """Return what a command printed; one that ends otherwise than expected shows all it said."""
    environment = a_strangers_environment()
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == status, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build(kind: str, *, source: Path, into: Path) -> Path:
    run(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", into, cwd=source)
    (built,) = into.iterdir()
    return built


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", source=ROOT, into=tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(directory, filter="data")
    (source,) = directory.iterdir()
    return source


@pytest.fixture(scope="module")
def wheel(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as a stranger builds it: from the sdist."""
    return build("wheel", source=unpacked, into=tmp_path_factory.mktemp("wheel"))


def install(wheel: Path, lock: str, environment: Path) -> Path:
    """Return the bin directory of a new environment with the wheel and what a lock names, only."""
    python = environment / "bin" / "python"
    run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=environment)
    pip = (sys.executable, "-m", "pip", "--python", python)
    quick = ("install", "-qq", "--no-compile")  # Python compiles the modules that it imports
    run(*pip, *quick, "--require-hashes", "-r", ROOT / lock, cwd=environment)
    run(*pip, *quick, "--no-deps", "--no-index", wheel, cwd=environment)
    run(*pip, "check", cwd=environment)
    return environment / "bin"


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel with the server's packages."""
    return install(wheel, "requirements.txt", tmp_path_factory.mktemp("server"))


@pytest.fixture(scope="module")
def light(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel without the server's packages: what a verifier installs."""
    return install(wheel, "requirements-verify.txt", tmp_path_factory.mktemp("light"))


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def files(directory: Path) -> set[str]:
    return {
        path.relative_to(directory).as_posix()
        for path in directory.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def test_the_wheel_from_the_sdist_is_the_wheel_from_the_checkout(
    wheel: Path, tmp_path: Path
) -> None:
    assert contents(wheel) == contents(build("wheel", source=ROOT, into=tmp_path))


def test_the_wheel_holds_the_package_the_read_models_and_the_web_files(wheel: Path) -> None:
    expected = {f"ledger/{name}" for name in files(ROOT / "src" / "ledger")}
    expected |= {f"projections/{name}" for name in files(ROOT / "projections")}
    expected |= {f"ledger/web/{name}" for name in files(ROOT / "web")}
    examples = files(ROOT / "docs/examples/types")
    expected |= {f"ledger/demo/examples/{name}" for name in examples}
    information = f"approval_ledger-{ledger.__version__}.dist-info/"
    assert {name for name in contents(wheel) if not name.startswith(information)} == expected
    assert {"ledger/py.typed", "projections/py.typed"} < expected


def test_the_sdist_holds_no_data_and_nothing_hidden(unpacked: Path) -> None:
    names = {path.name for path in unpacked.iterdir()}
    assert "data" not in names
    assert {name for name in names if name.startswith(".")} <= {".gitignore"}


def test_the_installed_package_is_the_wheel_and_not_the_checkout(
    installed: Path, tmp_path: Path
) -> None:
    program = "import ledger, projections; print(ledger.__file__); print(projections.__file__)"
    for path in run(installed / "python", "-c", program, cwd=tmp_path).splitlines():
        assert Path(path).is_relative_to(installed.parent)


def test_the_installed_command_tells_its_version(installed: Path, tmp_path: Path) -> None:
    said = run(installed / "ledger", "--version", cwd=tmp_path)
    assert said.split() == ["ledger", ledger.__version__]


@pytest.fixture
def served(installed: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a ledger that the installed command serves from an empty directory."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://localhost:{port}"
    output = tmp_path / "output.txt"
    with (
        output.open("w") as stream,
        subprocess.Popen(
            [installed / "ledger", "serve"],
            cwd=tmp_path,
            env=a_strangers_environment() | {"LEDGER_ORIGIN": address},
            stdout=stream,
            stderr=subprocess.STDOUT,
        ) as server,
    ):
        try:
            wait_until_healthy(address, server, output)
            yield address
        finally:
            server.terminate()


def wait_until_healthy(address: str, server: "subprocess.Popen[bytes]", output: Path) -> None:
    """Return when /readyz answers 200; fail with the server's own words if it does not."""
    answer = "nothing"
    deadline = monotonic() + START_S
    while monotonic() < deadline:
        with suppress(subprocess.TimeoutExpired):
            pytest.fail(f"the server ended with {server.wait(timeout=0.1)}: {output.read_text()}")
        with suppress(httpx.TransportError):
            health = httpx.get(f"{address}/readyz", timeout=START_S)
            if health.status_code == 200:
                return
            answer = health.text
    pytest.fail(f"/readyz answered {answer}: {output.read_text()}")


def test_the_installed_command_serves_a_healthy_ledger_with_its_pages(
    served: str, tmp_path: Path
) -> None:
    answer = httpx.get(f"{served}/", timeout=START_S, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert (tmp_path / "data").is_dir()


# --- without the server's packages ---------------------------------------------------------------


def test_a_light_install_holds_none_of_the_servers_packages(light: Path, tmp_path: Path) -> None:
    program = "import importlib.metadata as m; print(*(d.name for d in m.distributions()))"
    listed = run(light / "python", "-c", program, cwd=tmp_path)
    names = set(listed.lower().replace("-", "_").split())
    assert "approval_ledger" in names
    assert names & SERVER_PACKAGES == set()
    assert len(names) <= 12


def test_the_packages_that_a_refusal_asks_for_are_those_of_the_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = project["optional-dependencies"]["server"]
    assert {each.split(">")[0].replace("-", "_") for each in named} == SERVER_PACKAGES
    modules = importlib.metadata.packages_distributions()
    assert {each for each in SERVER_PACKAGES if each in modules} == SERVER_PACKAGES


def test_a_light_install_verifies_a_bundle(light: Path, tmp_path: Path) -> None:
    (key,) = json.loads((DIRECTORY / "expected.json").read_text("utf-8"))["keys"]["given"]
    bundle = DIRECTORY / "statement.zip"
    # 4: the evidence is good, and one of its two statements was rejected.
    said = run(light / "ledger", "verify", bundle, "--log-key", key, cwd=tmp_path, status=4)
    assert "Verified." in said


def test_a_light_install_verifies_a_multi_signature(light: Path, tmp_path: Path) -> None:
    alice, bob = generate("EdDSA"), generate("ES256")
    keys = {"keys": [alice.to_public_jwk(), bob.to_public_jwk()]}
    (tmp_path / "keys.json").write_text(json.dumps(keys))
    (tmp_path / "both.jws").write_text(json.dumps(sign_multi({"amount": 1}, [alice, bob])))
    asked = ("jws", "verify", "both.jws", "--keys", "keys.json", "--require", "2")
    said = run(light / "ledger", *asked, cwd=tmp_path)
    assert "verified: 2 distinct, 0 missing" in said


def test_a_light_install_audits_a_ledger_and_its_read_models(light: Path, tmp_path: Path) -> None:
    data = eventful(tmp_path / "data")
    said = run(light / "ledger", "audit", "--data", data, cwd=tmp_path)
    assert said.startswith("VERIFIED")
    assert "The read models at position 301 match the log." in said


def test_a_light_install_replays_exports_and_resets_a_ledger(light: Path, tmp_path: Path) -> None:
    data = eventful(tmp_path / "data")
    assert "as of position 301" in run(light / "ledger", "replay", "--data", data, cwd=tmp_path)
    asked = ("export", "--format", "jsonl", "--data", data)
    assert len(run(light / "ledger", *asked, cwd=tmp_path).splitlines()) == 301
    run(light / "ledger", "rebuild", "--data", data, cwd=tmp_path)
    assert not (data / "views.sqlite").exists()


@pytest.mark.parametrize(
    "asked",
    [
        "serve",
        "demo",
        "log keys",
        "witness serve --data witness --log "
        "localhost-8000.ledger/4f9k2m7q+47429a0a+AahdKi7MbXK/mNDV1kaotDmM+AVHnZT8J2EFMJ02qIGu",
        "export --format bundle 00000000-0000-4000-8000-000000000000 -o bundle.zip",
    ],
)
def test_a_command_that_needs_the_server_says_what_to_install(
    light: Path, tmp_path: Path, asked: str
) -> None:
    done = subprocess.run(
        [light / "ledger", *asked.split()],
        cwd=tmp_path,
        env=a_strangers_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("ledger: this command needs the server's packages, and ")
    assert sentence.endswith(" is not installed: pip install 'approval-ledger[server]'")
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_server_without_the_extra_hsm_founds_nothing_and_says_what_to_install(
    installed: Path, tmp_path: Path
) -> None:
    uri = "pkcs11:token=ledger;object=own?module-path=/usr/lib/softhsm/libsofthsm2.so"
    done = subprocess.run(
        [installed / "ledger", "serve"],
        cwd=tmp_path,
        env=a_strangers_environment() | {"LEDGER_OWN_KEY": uri},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "ledger: hsm_support_missing: keys in an HSM need one more package: "
        "pip install 'approval-ledger[hsm]'"
    )
    assert not (tmp_path / "data" / "ledger-key.pem").exists()
    assert not (tmp_path / "data" / "log-keys.pem").exists()
