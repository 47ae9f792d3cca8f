"""README.md and docs/: commands that there are, links that lead somewhere, 200 lines.

Every command asks the program itself for its help, in this process, and is held to the
flags that stand there. Nothing of the work is run.
"""

import contextlib
import functools
import importlib.util
import io
import operator
import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest

import tf_fsgd

REPOSITORY = Path(__file__).parents[1]
COMMANDED = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md"]
COMMANDED += sorted((REPOSITORY / "docs").glob("*.md"))
LINKED = {*REPOSITORY.glob("*.md"), *COMMANDED}
LINKED |= {*REPOSITORY.glob("export/**/*.md"), *REPOSITORY.glob("tf_fsgd/**/*.md")}

FOREIGN = {"adb", "cd", "docker", "litert-benchmark", "mypy", "pip", "ruff"}
OURS = {"tf_fsgd", "export", "benchmarks"}
SUBCOMMANDS = {"attributes"}  # verbs whose first word is one more

_BLOCK = re.compile(r"^ *```bash\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:)([^)\s#]*)(?:#([^)\s]+))?\)")
_FLAG = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")

# A module that another test has imported is run once more, for its help.
pytestmark = pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")


def commands(page: str) -> list[list[str]]:
    """The words of every command in the bash blocks of a page.

    Comments, variables set in front and the folder of a virtual environment are left
    out; `&&` parts two commands.
    """
    found = []
    for block in _BLOCK.findall(page):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            while words:
                end = words.index("&&") if "&&" in words else len(words)
                command, words = words[:end], words[end + 1 :]
                while command and re.match(r"\w+=", command[0]):
                    command = command[1:]
                found.append([command[0].removeprefix(".venv/bin/"), *command[1:]])
    return found


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
        elif word == "--preset":
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
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) <= 200
    # What .ci/run reads.
    after = readme.split("<!-- test command -->\n")[1]
    assert after.startswith("```bash\n")
    assert ["python", "-m", "pytest"] in commands(after[: after.index("\n```\n") + 5])


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
