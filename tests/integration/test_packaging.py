"""The wheel holds what belongs to it, and lives beside a host with folders named like ours."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("aia", "application", "domain", "interfaces", "migrations", "projections")
NOT_CODE = {"docs", "examples", "requirements", "tests"}
GENERATED = ("__pycache__", "*.pyc", ".*")

Python = Callable[[Path, str], subprocess.CompletedProcess[str]]


def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def listed_packages() -> list[str]:
    return project()["tool"]["setuptools"]["packages"]  # type: ignore[index,no-any-return]


def is_generated(path: Path) -> bool:
    return any(fnmatch(part, pattern) for part in path.parts for pattern in GENERATED)


def installed_name(path: Path) -> Path:
    """Where a file of the tree lies below site-packages."""
    return path if path.parts[0] == "aia" else Path("aia_mas") / path


def files_of_the_tree() -> set[Path]:
    found = {
        path.relative_to(ROOT)
        for folder in CODE_FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    return {path for path in found if not is_generated(path)} | {
        Path("__init__.py"),
        Path("py.typed"),
    }


# --- the list of packages


def test_every_folder_with_code_is_a_listed_package() -> None:
    """A folder that is not listed would work on the desk and be missing from the wheel."""
    folders = {installed_name(path).parent for path in files_of_the_tree()}

    assert sorted(listed_packages()) == sorted(".".join(folder.parts) for folder in folders)


def test_every_package_has_an_init_file_but_the_shared_namespace() -> None:
    bare = {
        path.parent
        for path in files_of_the_tree()
        if not (ROOT / path.parent / "__init__.py").exists()
    }

    assert bare <= {Path("aia")}
    assert not (ROOT / "aia" / "__init__.py").exists(), "`aia` belongs to the host as well"


def test_top_level_folders_are_known() -> None:
    """A new one is added to the packages here, to mypy's and to import-linter's."""
    folders = [path for path in ROOT.glob("[!.]*/") if not (path / "pyvenv.cfg").exists()]
    with_code = {path.name for path in folders if any(path.rglob("*.py"))}

    assert with_code - NOT_CODE - {"build", "dist"} <= set(CODE_FOLDERS)


def test_tests_are_found_by_path_not_by_name() -> None:
    """An __init__.py here would make pytest load the repository root under the folder's name."""
    assert list((ROOT / "tests").rglob("__init__.py")) == []


# --- the editable install


def test_no_module_is_loaded_under_two_names() -> None:
    code = """
import sys, aia_mas, aia.agents, aia_mas.domain.kernel, aia_mas.application, aia_mas.interfaces
files = {}
for name, module in list(sys.modules.items()):
    if getattr(module, "__file__", None) and name != "__main__":
        files.setdefault(module.__file__, set()).add(name)
ours = {
    file: names
    for file, names in files.items()
    if file.startswith(sys.argv[1]) and "site-packages" not in file
}
assert ours, files
assert all(len(names) == 1 for names in ours.values()), ours
assert all(name.startswith(("aia_mas", "aia.")) for names in ours.values() for name in names), ours
assert sys.modules["aia_mas"].domain is sys.modules["aia_mas.domain"]
"""
    command = [sys.executable, "-W", "error", "-c", code, str(ROOT) + os.sep]

    subprocess.run(command, cwd=ROOT / "requirements", check=True)


def test_pytest_did_not_load_the_root_under_another_name() -> None:
    import aia_mas

    files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}

    assert [name for name, file in files.items() if file == aia_mas.__file__] == ["aia_mas"]


# --- the wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing left in build/ gets in and nothing is left behind."""
    copy = tmp_path_factory.mktemp("source")
    for path in [*files_of_the_tree(), Path("pyproject.toml"), Path("LICENSE")]:
        (copy / path.parent).mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, copy / path)
    if (ROOT / "README.md").exists():
        shutil.copy(ROOT / "README.md", copy)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist", "."]
    subprocess.run(command, cwd=copy, check=True, capture_output=True)
    (built,) = (copy / "dist").iterdir()
    return built


def test_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {Path(name) for name in archive.namelist() if not name.endswith("/")}
    held = {path for path in names if ".dist-info" not in path.parts[0]}

    assert held == {installed_name(path) for path in files_of_the_tree()}
    assert {path.parts[0] for path in held} == {"aia", "aia_mas"}
    assert any(path.suffix == ".sql" for path in held)
    assert Path("aia_mas/py.typed") in held
    assert any(path.name == "LICENSE" for path in names)


# --- beside a host project


@pytest.fixture(scope="module")
def site_packages(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel; libraries come from the environment that runs the tests.

    That one's site-packages is on the path as a plain folder, so its editable install stays unseen.
    """
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, with_pip=False, symlinks=True)
    (folder,) = environment.glob("lib/python3*/site-packages")
    install = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python")]
    install += ["install", "--quiet", "--no-deps", "--no-index", "--no-compile", str(wheel)]
    subprocess.run(install, check=True)
    (folder / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A program with packages named like ours, as the platform that we are installed into has."""
    for package in ("aia/api", "application", "domain", "interfaces", "projections", "tests"):
        (tmp_path / package).mkdir(parents=True)
        (tmp_path / package / "__init__.py").write_text(f"OWNER = 'host {package}'\n")
    return tmp_path


@pytest.fixture(scope="module")
def python(site_packages: Path) -> Python:
    """Runs code inside the fresh environment, with a folder of the host's as the working folder."""
    executable = site_packages.parents[2] / "bin" / "python"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV_"))
    }

    def run(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [executable, "-W", "error", "-c", code],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


HOSTS_OWN = """
import aia.api, application, domain, interfaces, projections, tests
assert aia.api.OWNER == "host aia/api"
for package in (application, domain, interfaces, projections, tests):
    assert package.OWNER == f"host {package.__name__}", package
"""
OURS = """
import aia_mas.application, aia_mas.domain.kernel, aia_mas.interfaces, aia_mas.projections
assert "site-packages" in aia_mas.domain.__file__, aia_mas.domain.__file__
"""
OUR_PART_OF_AIA = """
import aia.agents
assert "site-packages" in aia.agents.__file__, aia.agents.__file__
"""


@pytest.mark.parametrize(
    "first", [HOSTS_OWN, OURS + OUR_PART_OF_AIA], ids=["host first", "we first"]
)
def test_host_with_the_same_folder_names_works_and_so_do_we(
    python: Python, host: Path, first: str
) -> None:
    answer = python(host, first + HOSTS_OWN + OURS + OUR_PART_OF_AIA)

    assert (answer.returncode, answer.stderr) == (0, "")


def test_host_that_makes_aia_a_regular_package_hides_our_part_of_it(
    python: Python, host: Path
) -> None:
    """Python's rule: a regular package has one place. All of aia_mas works nevertheless."""
    (host / "aia" / "__init__.py").write_text("")

    assert python(host, HOSTS_OWN + OURS).returncode == 0
    assert "No module named 'aia.agents'" in python(host, OUR_PART_OF_AIA).stderr


def test_host_with_a_regular_aia_shares_it_with_one_line(python: Python, host: Path) -> None:
    line = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
    (host / "aia" / "__init__.py").write_text(line)

    answer = python(host, HOSTS_OWN + OURS + OUR_PART_OF_AIA)

    assert (answer.returncode, answer.stderr) == (0, "")


def test_wheel_works_alone_in_a_folder_without_a_host(python: Python, tmp_path: Path) -> None:
    answer = python(
        tmp_path,
        OURS + OUR_PART_OF_AIA + "import importlib.util as u\nassert not u.find_spec('domain')",
    )

    assert (answer.returncode, answer.stderr) == (0, "")


def test_console_script_tells_the_version(site_packages: Path, tmp_path: Path) -> None:
    import aia_mas

    script = site_packages.parents[2] / "bin" / "mas"

    answer = subprocess.run(
        [script, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert aia_mas.__version__ in answer.stdout
