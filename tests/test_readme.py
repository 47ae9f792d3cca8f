"""README.md and docs/: commands that there are, links that lead somewhere, 200 lines.

Every command asks the program itself for its help, in this process, and is held to the
flags that stand there. Those of README.md are run as well, with networks and pictures
as small as they come, and must leave what they name.
"""

import contextlib
import functools
import importlib.util
import io
import operator
import re
import runpy
import shlex
import subprocess
import sys
import urllib.request
from pathlib import Path

import keras
import numpy as np
import pytest
from scipy.special import expit

import tf_fsgd
from tf_fsgd import cli, job
from tf_fsgd.attributes.model import AttributeClassifier
from tf_fsgd.discovery.survey import logit
from tf_fsgd.images.io import read_image, to_uint8, write_image
from tf_fsgd.latents.directions import load_direction
from tf_fsgd.latents.samples import sample_w
from tf_fsgd.latents.sampling import broadcast
from tf_fsgd.pairs.certain import CertainPairs
from tf_fsgd.pairs.whole import WholeFamilies
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.runs import unfinished_or_new
from tf_fsgd.stylegan2.architecture import Architecture
from tf_fsgd.stylegan2.model import StyleGAN2

REPOSITORY = Path(__file__).parents[1]
COMMANDED = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md"]
COMMANDED += sorted((REPOSITORY / "docs").glob("*.md"))
LINKED = {*REPOSITORY.glob("*.md"), *COMMANDED}
LINKED |= {*REPOSITORY.glob("export/**/*.md"), *REPOSITORY.glob("tf_fsgd/**/*.md")}

FOREIGN = {"adb", "cd", "docker", "litert-benchmark", "mypy", "pip", "ruff"}
OURS = {"tf_fsgd", "export", "benchmarks"}
SUBCOMMANDS = {"attributes"}  # verbs whose first word is one more
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")

_BLOCK = re.compile(r"^ *```bash\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:tf-fsgd|train\.py) [^`]+)`")
_LINK = re.compile(r"\]\((?!https?:)([^)\s#]*)(?:#([^)\s]+))?\)")
_FLAG = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")

# A module that another test has imported is run once more, for its help.
pytestmark = pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")


def scenes(page: str) -> list[list[list[str]]]:
    """The words of every command of a page: those of each bash block, of sentences.

    Comments, variables set in front and the folder of a virtual environment are left
    out; `&&` parts two commands.
    """
    blocks = [block.replace("\\\n", " ").splitlines() for block in _BLOCK.findall(page)]
    inline = [" ".join(command.split()) for command in _INLINE.findall(page)]
    blocks.append([re.sub(r"^train\.py", r"python \g<0>", line) for line in inline])
    return [
        [command for line in block for command in _commands(line)] for block in blocks
    ]


def _commands(line: str) -> list[list[str]]:
    found = []
    words = shlex.split(line, comments=True)
    while words:
        end = words.index("&&") if "&&" in words else len(words)
        command, words = words[:end], words[end + 1 :]
        while command and re.match(r"\w+=", command[0]):
            command = command[1:]
        found.append([command[0].removeprefix(".venv/bin/"), *command[1:]])
    return found


def commands(page: str) -> list[list[str]]:
    """All commands of a page."""
    return sum(scenes(page), [])


def target(words: list[str]) -> tuple[str, list[str]] | None:
    """What of the project a command runs, a module or a file, and its arguments.

    Returns:
        `None` for a program or a module of somebody else's, which must exist.
    """
    program, *rest = words
    if program == "tf-fsgd":
        return "tf_fsgd", rest
    if re.fullmatch(r"python(3\.\d+)?", program):
        if rest[0] != "-m":
            return rest[0], rest[1:]
        if rest[1].partition(".")[0] in OURS:
            return rest[1], rest[2:]
        assert importlib.util.find_spec(rest[1]), words
        return None
    assert program in FOREIGN, words
    return None


@functools.cache
def flags_of(name: str, subcommand: tuple[str, ...]) -> set[str]:
    """The flags in the help of a module or a file of the checkout."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out):
        patch.setattr(sys, "argv", [name, *subcommand, "--help"])
        patch.setenv("COLUMNS", "200")
        patch.syspath_prepend(REPOSITORY)
        with pytest.raises(SystemExit) as stopped:
            if name.endswith(".py"):
                runpy.run_path(str(REPOSITORY / name), run_name="__main__")
            else:
                runpy.run_module(name, run_name="__main__", alter_sys=True)
    assert not stopped.value.code, f"{name} {' '.join(subcommand)}: no such command"
    out.seek(0)
    return set(_FLAG.findall(out.read()))


def unknown(words: list[str]) -> list[str]:
    """What of a command the program does not have: flags, fields, presets."""
    asked = target(words)
    if asked is None:
        return []
    name, arguments = asked
    if "--" in arguments:  # what follows is for another program
        arguments = arguments[: arguments.index("--")]
    depth = 0
    if name == "tf_fsgd":
        depth = 2 if arguments[0] in SUBCOMMANDS else 1
    known = flags_of(name, tuple(arguments[:depth]))
    found = []
    for word, value in zip(arguments, [*arguments, ""][1:], strict=True):
        if _FLAG.match(word) and word.partition("=")[0] not in known:
            found.append(word)
        elif word == "--set":
            operator.attrgetter(value.partition("=")[0])(tf_fsgd.Config())
        elif word == "--preset" and value:  # a sentence may name the flag alone
            tf_fsgd.preset(value)
    return found


def anchors(page: str) -> set[str]:
    """Names by which GitHub links to the headings of a page."""
    text = re.sub(r"^ *```.*?^ *```$", "", page, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", line).lower().replace(" ", "-") for line in headings}


def dangling(page: str, folder: Path) -> list[str]:
    """Links of a page that lead nowhere in the checkout."""
    found = []
    for path, anchor in _LINK.findall(page):
        there = folder / path
        if path and not there.exists():
            found.append(path)
        elif anchor and anchor not in anchors(
            there.read_text(encoding="utf-8") if path else page
        ):
            found.append(f"{path}#{anchor}")
    return found


@pytest.mark.parametrize("path", COMMANDED, ids=lambda path: path.name)
def test_every_command_is_one_that_there_is(path):
    wrong = {
        shlex.join(words): found
        for words in commands(path.read_text(encoding="utf-8"))
        if (found := unknown(words))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    "path", sorted(LINKED), ids=lambda path: str(path.relative_to(REPOSITORY))
)
def test_every_link_leads_somewhere(path):
    assert dangling(path.read_text(encoding="utf-8"), path.parent) == []


def test_the_readme_is_short_and_names_the_tests():
    assert len(README.splitlines()) <= 200
    # What .ci/run reads.
    after = README.split("<!-- test command -->\n")[1]
    assert after.startswith("```bash\n")
    shown = commands(after[: after.index("\n```\n") + 5])
    assert ["python", "-m", "pytest"] in [words[:3] for words in shown]


def test_the_check_sees_what_it_is_for():
    block = "A=1 .venv/bin/python -m x \\\n  --y 'b c' # d\ntf-fsgd v && cd e"
    assert commands(f"a\n```bash\n{block}\n```\nb") == [
        ["python", "-m", "x", "--y", "b c"],
        ["tf-fsgd", "v"],
        ["cd", "e"],
    ]
    assert unknown(shlex.split("tf-fsgd sample --seeds 1 --sedes 2")) == ["--sedes"]
    assert unknown(shlex.split("python train.py --from=3 -x --seed -1.5")) == [
        "--from=3",
        "-x",
    ]
    with pytest.raises(AssertionError, match="tf_fsgd smile: no such command"):
        unknown(["tf-fsgd", "smile"])
    with pytest.raises(AttributeError, match="imges"):
        unknown(shlex.split("python train.py --set training.imges=3"))
    with pytest.raises(tf_fsgd.UserError, match="'tiny'"):
        unknown(shlex.split("python train.py --preset tiny"))
    with pytest.raises(AssertionError, match="rm"):
        unknown(["rm", "-r", "runs"])
    links = "# A, b\n[a](#a-b) [b](#c) [c](no.md) [d](https://x.y/#z)"
    assert dangling(links, REPOSITORY) == ["#c", "no.md"]


# Of somebody else's and only parsed: they need the package index, minutes or both, and
# `.ci/run` begins with them.
ONLY_PARSED = {"venv", "pip", "pytest"}

_FIELDS = """pairs.resolution=32 pairs.count=4 pairs.held_out=2 pairs.confidence=0.51
    pairs.head_only=false pairs.preselect=0 generator.filters=4 generator.blocks=0
    generator.patch=4 generator.side_blocks=0 generator.detail_blocks=0
    generator.finest_blocks=0 discriminator.filters=4 discriminator.patch=1
    training.images=8 training.start_from="""
SMALLEST = {
    "directions": ["--count", "120", "--confidence", "0.51"],
    "sliders": ["--frames", "2"],
    "train": [f"--set={field}" for field in _FIELDS.split()],
}
SMALLEST["learn"] = SMALLEST["train"]
"""What is added to the words of README.md, by verb."""

GOLDEN = REPOSITORY / "tests" / "stylegan2" / "golden"
STAND_INS = {
    "stylegan2-ffhq-config-e.pkl": f"{GOLDEN}/tf_config_e.pkl",
    "network.pkl": "network.keras",
    "FILE": "network.keras",
    "NPZ": f"{REPOSITORY}/tf_fsgd/latents/shipped/smile.npz",
}

LEFT = {
    "directions": ["smile.npz", "smile.json", "smile.jpg"],
    "export": ["saved_model/1/saved_model.pb", "tflite"],
    "web": ["index.html", "translator.tflite", "litert/core.js"],
}
"""In the folder `--out`, by verb."""


@pytest.fixture(scope="module")
def faces(teacher):
    """Two generated faces, [2, 256, 256, 3] uint8."""
    from tf_fsgd.latents.studio import Studio

    return Studio(teacher, truncation_psi=0.5).sample([0, 1])


@pytest.fixture
def pictures(faces, monkeypatch, tmp_path):
    """The working folder of a command, with the pictures that commands read."""
    monkeypatch.chdir(tmp_path)
    for name, face in zip(("anna.jpg", "ben.jpg"), faces, strict=True):
        write_image(tmp_path / name, face)
    write_image(tmp_path / "face.png", faces[0])
    write_image(tmp_path / "holiday.jpg", np.concatenate([*faces], axis=1))
    for number, face in enumerate([*faces, *faces]):
        for folder in ("folder", "faces", "DIR/A", "DIR/B"):
            write_image(tmp_path / folder / f"{number}.png", face)
    return tmp_path


@pytest.fixture
def folders(teacher, pictures):
    """`with` and `without`: generated people who smile, and the same who do not."""
    smile = load_direction("smile")
    ws = broadcast(sample_w(teacher, range(22), psi=0.7), teacher.num_ws)
    for folder, strength in (("with", 2.5), ("without", -2.5)):
        drawn = teacher.synthesis(smile.edit(ws, strength), "const", 256)
        for number, face in enumerate(to_uint8(drawn)):
            write_image(pictures / folder / f"{number}.png", face)


@pytest.fixture
def tiny(tmp_path_factory):
    """Folder of a run that is said to be trained."""
    config = tf_fsgd.Config()
    config.pairs.resolution = 32
    config.generator.filters, config.generator.blocks = 4, 0
    run = unfinished_or_new(tmp_path_factory.mktemp("runs"), config)
    keras.utils.set_random_seed(0)
    run.save_translator(build_generator(config.generator, 32))
    return str(run.path)


@pytest.fixture
def small(monkeypatch):
    """Neither CelebA nor weights are at hand, and few faces are drawn at once."""
    for name in ("TFDS_DATA_DIR", "TF_FSGD_WEIGHTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(CertainPairs, "block", 16)
    monkeypatch.setattr(WholeFamilies, "block", 2)


@pytest.fixture
def own_teacher(pictures, monkeypatch):
    """`network.keras`: random weights that draw noise, and a classifier sure of it."""
    keras.utils.set_random_seed(0)
    model = StyleGAN2(Architecture(128, (16, 16, 8, 8, 8, 8), mapping_layers=2))
    for variable in model.synthesis_network().weights:
        if "to_rgb/kernel" in variable.path:
            variable.assign(20 * variable.value)
    model.save(pictures / "network.keras")
    usual, first = AttributeClassifier.probabilities, []

    def probabilities(self, images):
        logits = logit(usual(self, images))
        first.append((np.median(logits, axis=0), logits.std(axis=0)))
        middle, spread = first[0]  # of the sample that directions are found in
        return expit(3 * (logits - middle) / spread)

    monkeypatch.setattr(AttributeClassifier, "probabilities", probabilities)
    monkeypatch.setenv("TF_FSGD_CACHE", str(pictures / "cache"))


def run(words, tiny, monkeypatch, capfd):
    """Runs a command of the project; returns its verb and what it printed.

    `tiny` is the folder of a run that may be exported.
    """
    name, arguments = target(words)
    if name == "train.py":
        arguments = ["train", *arguments]
    if arguments[0] == "export":  # of the shipped network it takes a minute
        arguments[1] = tiny
    arguments = [STAND_INS.get(word, word) for word in arguments]
    arguments += SMALLEST.get(arguments[0], [])
    capfd.readouterr()
    if name == "train.py":
        monkeypatch.setattr(sys, "argv", [name, *arguments[1:]])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(REPOSITORY / name), run_name="__main__")
        code = end.value.code
    else:
        code = cli.main(arguments)
    out, error = capfd.readouterr()
    if arguments[0] == "web" and "npm" in error:
        pytest.skip(error)  # LiteRT.js is neither in the cache nor to be had
    assert code == 0, error
    return arguments[0], out


def promised(verb, words, printed):
    """The files and folders that a command has to leave."""
    if verb in ("train", "learn"):
        named = dict(re.findall(r"^(\w[\w ,]+): +(\S+)$", printed, re.MULTILINE))
        whole = ["report", "before and after", "SavedModel", "TFLite"]
        shown = ["training, step by step", *(whole if len(words) == 2 else [])]
        return [Path(named[what]) for what in shown]
    if "--out" not in words:
        return [Path("translated", words[2])]
    out = Path(words[words.index("--out") + 1])
    return [out, *(out / name for name in LEFT.get(verb, []))]


def check_served(words):
    """Starts Python's server on a free port, asks for the page, and stops it."""
    command = [sys.executable, "-u", *words[1:], "--bind", "127.0.0.1", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            address = re.search(r"http://[\d.:]+/", server.stdout.readline())[0]
            with urllib.request.urlopen(address) as page:
                assert b"<html" in page.read()
        finally:
            server.terminate()


@pytest.mark.slow
@pytest.mark.parametrize("scene", scenes(README), ids=lambda s: shlex.join(s[-1]))
def test_every_command_of_the_readme_runs(
    scene, pictures, small, tiny, request, monkeypatch, capfd
):
    if "--teacher" in sum(scene, []):
        request.getfixturevalue("own_teacher")
    # The film comes last, for it alone may have to be skipped.
    for words in sorted(scene, key=lambda words: "clip.mov" in words):
        if "clip.mov" in words:
            make_film = request.getfixturevalue("make_film")
            make_film(pictures / "clip.mov", [read_image("face.png")] * 2, [0, 20, 40])
        if target(words) is None:
            if "http.server" in words:
                check_served(words)
            else:
                assert {*words[:3]} & ONLY_PARSED, words
            continue
        if "learn" in words:
            request.getfixturevalue("folders")
        if words[1:2] == ["train.py"] and len(words) > 2:
            # What follows training is as after `python train.py`, which does it.
            for phase in ("evaluate", "export_translator", "write_site"):
                monkeypatch.setattr(job, phase, lambda *_, **__: {})
            monkeypatch.setattr(job, "console_table", lambda report: "")
        verb, printed = run(words, tiny, monkeypatch, capfd)
        for path in promised(verb, words, printed):
            assert path.is_file() or any(path.iterdir()), (words, path)
