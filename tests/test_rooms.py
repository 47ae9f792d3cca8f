"""The order of the rooms: a lower one never imports a higher one.

It is read from the source, so an import inside a function counts as well.
"""

import ast
import graphlib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
ROOMS = (
    "tf_fsgd.errors",
    "tf_fsgd.edits",
    "tf_fsgd.storage",
    "tf_fsgd.settings",
    "tf_fsgd.config_formats",
    "tf_fsgd.config",
    "tf_fsgd.presets",
    "tf_fsgd.backend",
    "tf_fsgd.images",
    "tf_fsgd.stylegan2",
    "tf_fsgd.latents",
    "tf_fsgd.attributes",
    "tf_fsgd.features",
    "tf_fsgd.discovery",
    "tf_fsgd.projection",
    "tf_fsgd.pairs",
    "tf_fsgd.pix2pixhd",
    "tf_fsgd.runs",
    "tf_fsgd.translator",
    "tf_fsgd.training",
    "tf_fsgd.evaluation",
    "tf_fsgd.exporting",
    "tf_fsgd.job",
)
"""From the ground up."""

TOP = ("tf_fsgd.cli", "tf_fsgd.api", "tf_fsgd.__init__", "tf_fsgd.__main__")
"""Commands and the front door, with `train.py` and `export/`: they know every room."""

STRANGERS = {
    # Pictures are of use without the rest; the translator knows no teacher.
    "tf_fsgd.images": {
        "tf_fsgd.edits",
        "tf_fsgd.settings",
        "tf_fsgd.config_formats",
        "tf_fsgd.config",
        "tf_fsgd.presets",
        "tf_fsgd.backend",
    },
    "tf_fsgd.pix2pixhd": {"tf_fsgd.stylegan2", "tf_fsgd.latents", "tf_fsgd.pairs"},
}
"""Rooms that a room must not import although they are lower."""


def imported(source: str, module: str) -> set[str]:
    """Modules that `source`, the text of `module`, imports anywhere."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports hide the room"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def height(module: str) -> int | None:
    """The place of a module's room in `ROOMS`, the top above all; None: not ours."""
    for index, room in enumerate(ROOMS):
        if f"{module}.".startswith(f"{room}."):
            return index
    of_top = module.partition(".")[0] in ("tf_fsgd", "train", "export")
    return len(ROOMS) if of_top else None


def violations(source: str, module: str) -> list[str]:
    """Imports of `module` that its room may not have."""
    own, found = height(module), []
    strangers = STRANGERS.get((*ROOMS, "")[own], ())
    for name in sorted(imported(source, module)):
        other = height(name)
        if other is not None and (
            other > own or other < len(ROOMS) and ROOMS[other] in strangers
        ):
            found.append(f"{module} imports {name}")
    return found


def modules() -> dict[str, Path]:
    """All modules by name, a package as its `__init__`."""
    paths = [REPOSITORY / "train.py"]
    for package in ("tf_fsgd", "export"):
        paths += sorted((REPOSITORY / package).rglob("*.py"))
    return {
        ".".join(path.relative_to(REPOSITORY).with_suffix("").parts): path
        for path in paths
    }


def test_a_room_imports_only_lower_rooms():
    found = []
    for module, path in modules().items():
        found += violations(path.read_text(encoding="utf-8"), module)
    assert found == []


def test_every_module_is_in_a_room():
    top = (*TOP, "train", "export")
    homeless = [
        name
        for name in modules()
        if height(name) == len(ROOMS)
        and not any(f"{name}.".startswith(f"{room}.") for room in top)
    ]
    assert homeless == []


def test_no_circles():
    known = modules()
    graph = {
        name: {
            module
            for found in imported(path.read_text(encoding="utf-8"), name)
            # A module, a package, or something in a module.
            for module in (found, f"{found}.__init__", found.rpartition(".")[0])
            if module in known
        }
        for name, path in known.items()
    }
    assert sum(map(len, graph.values())) > len(graph)
    graphlib.TopologicalSorter(graph).prepare()  # names the circle that it finds


@pytest.mark.parametrize(
    ("module", "source", "forbidden"),
    [
        ("tf_fsgd.images.io", "import tf_fsgd.pairs.shards", True),
        ("tf_fsgd.images.io", "def f():\n    from tf_fsgd import config", True),
        ("tf_fsgd.images.io", "from tf_fsgd.storage.files import atomic_path", False),
        ("tf_fsgd.pix2pixhd.losses", "from tf_fsgd.pairs import shards", True),
        ("tf_fsgd.training.loop", "from tf_fsgd.pairs import shards", False),
        ("tf_fsgd.training.loop", "import tf_fsgd.exporting.bundle", True),
        ("tf_fsgd.training.loop", "import exporters", False),
        ("tf_fsgd.job", "import tf_fsgd", True),
        ("tf_fsgd.job", "from tf_fsgd.cli import evaluate", True),
        ("tf_fsgd.job", "import export.gate", True),
        ("tf_fsgd.cli.evaluate", "from tf_fsgd import job", False),
    ],
)
def test_the_check_sees_what_it_is_for(module, source, forbidden):
    assert bool(violations(source, module)) == forbidden


def test_networks_and_losses_import_no_tensorflow():
    package = REPOSITORY / "tf_fsgd"
    paths = [
        *sorted((package / "stylegan2").rglob("*.py")),
        *sorted((package / "pix2pixhd").glob("*.py")),
        *sorted((package / "features").glob("*.py")),
        package / "attributes" / "model.py",
    ]
    assert len(paths) > 10
    found = []
    for path in paths:
        names = imported(path.read_text(encoding="utf-8"), path.stem)
        roots = {name.partition(".")[0] for name in names}
        found += [f"{path}: {name}" for name in roots & {"tensorflow", "tf_keras"}]
    assert found == []


def test_whoever_makes_networks_has_the_settings_of_keras():
    known = modules()
    sources = {name: path.read_text(encoding="utf-8") for name, path in known.items()}
    makers = [
        name
        for name, source in sources.items()
        if "import layers" in source or "keras.Input" in source
    ]
    assert len(makers) > 10
    unsettled = [
        name
        for name in makers
        if "tf_fsgd.backend.keras_settings" not in reached(name, sources)
    ]
    assert unsettled == []


def reached(module: str, sources: dict[str, str]) -> set[str]:
    """Modules of ours that are imported with `module`, packages before their parts."""
    found, todo = set(), [module]
    while todo:
        parts = todo.pop().split(".")
        for end in range(1, len(parts) + 1):
            for name in (".".join(parts[:end]), ".".join([*parts[:end], "__init__"])):
                if name in sources and name not in found:
                    found.add(name)
                    todo += imported(sources[name], name)
    return found
