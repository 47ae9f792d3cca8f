"""What `pip install` gets: ranges that hold the tested pins, and a light base."""

import inspect
import re
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

import tf_fsgd
from tf_fsgd import errors
from tf_fsgd.errors import UserError, without_extras
from tf_fsgd.images.io import write_image
from tf_fsgd.latents.studio import Studio

REPOSITORY = Path(__file__).parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]

BLOCKED = f"""
import sys

asked = set()

class Absent:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in {sorted(errors.EXTRAS)}:
            asked.add(name)
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent)
"""
"""Python that makes an environment of the base install alone, as far as it shows."""


def pins():
    """Version by package of requirements*.txt."""
    found = {}
    for path in REPOSITORY.glob("requirements*.txt"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if pin := re.match(r"([\w-]+)==([\w.]+)", line):
                found[_same(pin[1])] = pin[2]
    return found


def _same(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def ranges(*extras):
    lines = [*PROJECT["project"]["dependencies"]]
    for extra in extras:
        lines += EXTRAS[extra]
    return {_same(each.name): each for each in map(Requirement, lines)}


def test_the_pins_lie_in_the_ranges():
    for name, requirement in ranges(*EXTRAS).items():
        assert requirement.specifier.contains(pins()[name]), requirement


def test_what_is_pinned_for_users_can_be_installed():
    main = (REPOSITORY / "requirements.txt").read_text(encoding="utf-8")
    named = {_same(name) for name in re.findall(r"^([\w-]+)==", main, re.MULTILINE)}
    assert named == ranges("train").keys()


def test_the_command_is_there_and_the_version_once():
    ((name, target),) = PROJECT["project"]["scripts"].items()
    assert name == "tf-fsgd"
    assert callable(EntryPoint(name, target, "console_scripts").load())
    assert PROJECT["tool"]["setuptools"]["dynamic"] == {
        "version": {"attr": "tf_fsgd.__version__"}
    }
    assert "version" not in PROJECT["project"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", tf_fsgd.__version__)


def test_every_file_of_the_package_is_in_the_wheel():
    """Files that are not Python, by the patterns of `package-data`."""
    package = REPOSITORY / "tf_fsgd"
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["tf_fsgd"]
    listed = {path for pattern in patterns for path in package.glob(pattern)}
    command = ["git", "ls-files", "tf_fsgd"]
    tracked = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("not a checkout of git")
    files = {REPOSITORY / name for name in tracked.stdout.split()}
    assert {path for path in files if path.suffix != ".py"} <= listed


def run_in_base_install(code, folder):
    environment = {"PYTHONPATH": str(REPOSITORY), "TF_FSGD_CACHE": str(folder)}
    command = [sys.executable, "-c", BLOCKED + code]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True
    )


def test_photos_are_edited_without_tensorflow(tmp_path):
    """By name and by command; nothing that an extra brings is even asked for."""
    rough = np.random.default_rng(0).integers(60, 180, (9, 12, 3), np.uint8)
    write_image(tmp_path / "photo.png", rough.repeat(10, axis=0).repeat(10, axis=1))
    done = run_in_base_install(
        """
import numpy as np
import tf_fsgd
from tf_fsgd.cli import main
from tf_fsgd.images.detection import Face, FaceDetector
from tf_fsgd.images.io import read_image

points = np.array([[50, 32], [70, 32], [60, 40], [60, 52], [45, 35], [75, 35]], float)
face = Face(np.array([45.0, 25, 75, 60]), 1.0, points)
FaceDetector.detect = lambda self, photo: [face]
t = tf_fsgd.load("mobile-256")
photo = read_image("photo.png")
edited = t.edit_photo("photo.png", smile=1)
assert edited.shape == photo.shape and (edited != photo).any()
whole = photo[:64, :64]
assert (t(whole, older=0) == whole).all() and (t(whole, older=1) != whole).any()
assert main(["translate", "photo.png", "--edit", "smile"]) == 0
assert (read_image("translated/photo.png") == edited).all()
assert "pydantic" not in sys.modules  # a tenth of a second
assert tf_fsgd.preset("quick") == tf_fsgd.Config()
assert tf_fsgd.load_direction("smile").layers
assert not asked, asked
""",
        tmp_path,
    )
    assert (done.returncode, done.stdout) == (0, "1 photo: translated\n"), done.stderr


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("load_teacher()", "tf_fsgd.load_teacher needs keras"),
        ("train(tf_fsgd.Config())", "tf_fsgd.train needs"),
        ("load('mobile-256').export('out')", "tf_fsgd.export needs tensorflow"),
        ("evaluate('mobile-256', 'out')", "tf_fsgd.evaluate needs"),
        ("load('run')", "a translator of a run needs keras"),
    ],
)
def test_what_needs_more_says_which_extra(tmp_path, call, message):
    (tmp_path / "run").mkdir()
    done = run_in_base_install(
        f"""
import tf_fsgd
try:
    tf_fsgd.{call}
except tf_fsgd.UserError as error:
    print(error)
""",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(message) and done.stdout.count("\n") == 1
    assert done.stdout.endswith(": pip install 'tf_fsgd[train]'\n")


@pytest.mark.parametrize("words", ["sample", "directions", "evaluate shipped"])
def test_commands_say_which_extra(tmp_path, words):
    done = run_in_base_install(
        f"""
from tf_fsgd.cli import main
sys.exit(main("{words}".split()))
""",
        tmp_path,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(
        r"error: this command needs \w+: pip install 'tf_fsgd\[train\]'\n", done.stderr
    )


def test_a_module_that_no_extra_brings_is_a_fault_of_ours():
    with pytest.raises(UserError, match=r"^it needs keras: pip .*tf_fsgd\[train\]'$"):
        with without_extras("it"):
            raise ModuleNotFoundError("No module named 'keras.x'", name="keras.x")
    with pytest.raises(ModuleNotFoundError):
        with without_extras("it"):
            raise ModuleNotFoundError("No module named 'tf_fsgd.x'", name="tf_fsgd.x")


def test_what_the_front_door_says_is_what_a_studio_does():
    told = inspect.signature(tf_fsgd.load_teacher).parameters
    for name in ("truncation_psi", "resolution", "noise_mode"):
        assert told[name].default == getattr(Studio, name)
