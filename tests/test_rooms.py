"""The order of the rooms: a lower one never imports a higher one.

It is read from the source, so an import inside a function counts as well.
"""

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
ROOMS = (
    "tf_fsgd.errors",
    "tf_fsgd.edits",
    "tf_fsgd.files",
    "tf_fsgd.lease",
    "tf_fsgd.archives",
    "tf_fsgd.weights",
    "tf_fsgd.settings",
    "tf_fsgd.config_formats",
    "tf_fsgd.config",
    "tf_fsgd.presets",
    "tf_fsgd.disk",
    "tf_fsgd.quiet",
    "tf_fsgd.keras_settings",
    "tf_fsgd.hardware",
    "tf_fsgd.averaging",
    "tf_fsgd.images",
    "tf_fsgd.stylegan2",
    "tf_fsgd.latents",
    "tf_fsgd.attributes",
    "tf_fsgd.pairs",
    "tf_fsgd.pix2pixhd",
    "tf_fsgd.training",
    "tf_fsgd.evaluation",
    "export",
    "tf_fsgd.job",
    "tf_fsgd.api",
    "train",
)
"""From the ground up."""

STRANGERS = {
    # Pictures are of use without the rest; the translator knows no teacher.
    "tf_fsgd.images": {
        "tf_fsgd.edits",
        "tf_fsgd.settings",
        "tf_fsgd.config_formats",
        "tf_fsgd.config",
        "tf_fsgd.disk",
        "tf_fsgd.quiet",
        "tf_fsgd.keras_settings",
        "tf_fsgd.hardware",
        "tf_fsgd.averaging",
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


def room_of(module: str) -> str | None:
    """The room of a module of ours, None for any other module."""
    return next((r for r in ROOMS if f"{module}.".startswith(f"{r}.")), None)


def violations(source: str, module: str) -> list[str]:
    """Imports of `module` that its room may not have."""
    room = room_of(module)
    found = []
    for name in sorted(imported(source, module)):
        other = room_of(name)
        if other and (
            ROOMS.index(other) > ROOMS.index(room) or other in STRANGERS.get(room, ())
        ):
            found.append(f"{module} imports {name}")
    return found


def modules() -> dict[str, Path]:
    """All modules by name, except verbs and the front door: those know every room."""
    paths = [REPOSITORY / "train.py"]
    for package in ("tf_fsgd", "export"):
        paths += sorted((REPOSITORY / package).rglob("*.py"))
    package = REPOSITORY / "tf_fsgd"
    know_all = {package / "__main__.py", package / "__init__.py"}
    return {
        ".".join(path.relative_to(REPOSITORY).with_suffix("").parts): path
        for path in paths
        if path not in know_all and not path.name.endswith("cli.py")
    }


def test_a_room_imports_only_lower_rooms():
    found = []
    for module, path in modules().items():
        found += violations(path.read_text(encoding="utf-8"), module)
    assert found == []


def test_every_module_is_in_a_room():
    assert [name for name in modules() if room_of(name) is None] == []


@pytest.mark.parametrize(
    ("module", "source", "forbidden"),
    [
        ("tf_fsgd.images.io", "import tf_fsgd.pairs.shards", True),
        ("tf_fsgd.images.io", "def f():\n    from tf_fsgd import config", True),
        ("tf_fsgd.images.io", "from tf_fsgd.files import atomic_path", False),
        ("tf_fsgd.pix2pixhd.losses", "from tf_fsgd.pairs import shards", True),
        ("tf_fsgd.training.loop", "from tf_fsgd.pairs import shards", False),
        ("tf_fsgd.training.loop", "import export.bundle", True),
        ("tf_fsgd.training.loop", "import exporters", False),
    ],
)
def test_the_check_sees_what_it_is_for(module, source, forbidden):
    assert bool(violations(source, module)) == forbidden


def test_networks_and_losses_import_no_tensorflow():
    package = REPOSITORY / "tf_fsgd"
    paths = [
        *sorted((package / "stylegan2").glob("*.py")),
        *sorted((package / "pix2pixhd").glob("*.py")),
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
        if "tf_fsgd.keras_settings" not in reached(name, sources)
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
