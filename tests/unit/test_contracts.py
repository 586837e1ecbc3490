"""Rules of the layout that import-linter cannot say: what the domain may import, and no more."""

import sys

import grimp
import pytest

DOMAIN = "aia_mas.domain"
ARRAY_MODULES = ("aia_mas.domain.orchestration.fleet", "aia_mas.domain.orchestration.scoring")


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("aia_mas", include_external_packages=True, cache_dir=None)


def modules_under(graph: grimp.ImportGraph, package: str) -> set[str]:
    return {package} | graph.find_descendants(package)


def libraries_of(graph: grimp.ImportGraph, module: str) -> set[str]:
    imported = {name.partition(".")[0] for name in graph.find_modules_directly_imported_by(module)}
    return imported - sys.stdlib_module_names - {"aia_mas"}


def test_domain_imports_no_library_but_msgspec_and_numpy_where_arrays_live(
    graph: grimp.ImportGraph,
) -> None:
    used = {module: libraries_of(graph, module) for module in modules_under(graph, DOMAIN)}
    too_much = {
        module: libraries - {"msgspec"} - ({"numpy"} if module.startswith(ARRAY_MODULES) else set())
        for module, libraries in used.items()
    }

    assert {module: libraries for module, libraries in too_much.items() if libraries} == {}


def test_domain_imports_nothing_of_ours_outside_itself(graph: grimp.ImportGraph) -> None:
    imported = {
        (module, other)
        for module in modules_under(graph, DOMAIN)
        for other in graph.find_modules_directly_imported_by(module)
        if other.startswith("aia_mas.") and not f"{other}.".startswith(f"{DOMAIN}.")
    }

    assert imported == set()


def test_there_are_no_circular_imports() -> None:
    """Imports for the type checker alone do not count."""
    graph = grimp.build_graph("aia_mas", exclude_type_checking_imports=True, cache_dir=None)
    circular = {
        (module, other)
        for module in graph.modules
        for other in graph.find_modules_directly_imported_by(module)
        if graph.chain_exists(importer=other, imported=module)
    }

    assert circular == set()
