"""What the command line takes, refuses, and says of itself."""

import re
import subprocess
import sys

import pytest

from tf_fsgd import __main__ as verbs
from tf_fsgd import cli
from tf_fsgd.discovery.from_labels import METHODS
from tf_fsgd.edits import EDITS
from tf_fsgd.latents.interpolation import EASES, PATHS
from tf_fsgd.presets import PRESETS
from tf_fsgd.projection.likeness import NETWORKS
from tf_fsgd.translator import translator


def test_an_unknown_verb(mistake):
    line = mistake(verbs.main, "nope")
    assert line.startswith('error: Unknown command "nope". Available commands: transl')


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["translate"], 'Command "translate" parameter PHOTO requires an argument.'),
        (["sample", "--seed", "3"], "Unknown option: --seed. Did you mean --seeds?"),
        (["sample", "--out"], 'Command "sample" parameter --out requires an argument.'),
        (["sample", "--trunc", "a"], 'unable to convert "a" into float.'),
        (["sample", "--noise-mode", "a"], 'Choose from: "const", "random", "none".'),
        # Cyclopts' own reading of numbers makes 3 of it.
        (
            ["translate", "a.png", "--face", "2.7"],
            "Invalid value for --face: must be a whole number, received '2.7'",
        ),
    ],
)
def test_words_that_no_verb_takes(mistake, words, message):
    assert message in mistake(verbs.main, *words)


def test_of_a_flag_given_twice_the_last_counts(mistake):
    words = ["sample", "--trunc", "1", "--out", "a.png", "--out", "a.txt"]
    assert "received 'a.txt'" in mistake(verbs.main, *words)
    line = mistake(verbs.main, "translate", "a.png", "--face", "0", "--face", "-1")
    assert line == "error: --face must be at least 1, received -1\n"


def flags(command):
    """Name and type of each option, those of commands within as well."""
    if command.default_command:
        for argument in command.assemble_argument_collection():
            yield f"{command.name[0]} {argument.name}", argument
    for name in command:
        if not name.startswith("-"):
            yield from flags(command[name])


def test_whole_numbers_are_read_strictly_everywhere():
    found = dict(flags(cli.app))
    whole = [name for name, flag in found.items() if flag.hint in (int, int | None)]
    assert {"sample --resolution", "train --epochs"} < set(whole)
    assert [name for name in whole if not found[name].parameter.converter] == []


def test_help_leads_with_what_a_newcomer_needs(capsys):
    assert cli.main(["--help"]) == 0
    words = capsys.readouterr().out.split()
    places = [words.index(verb) for verb in "translate sliders train export".split()]
    assert max(places) < words.index("Further") < words.index("maintainers")
    assert len(next(iter(cli.VERBS.values())).split()) == 7
    assert "Edits the faces of photos and videos." in " ".join(words)


@pytest.mark.parametrize("words", [["--help"], ["translate", "--help"]])
def test_help_loads_no_framework(words):
    script = (
        f"import sys\nfrom tf_fsgd.cli import main\nassert main({words}) == 0\n"
        "print(sorted({'tensorflow', 'keras', 'numpy', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


@pytest.mark.parametrize(
    ("verb", "names"),
    [
        ("express", EDITS),
        ("train", PRESETS),
        ("project", NETWORKS),
        ("directions", METHODS),
        ("morph", [*PATHS, *EASES]),
        ("translate", [translator.DEFAULT]),
        ("ask", [translator.DEFAULT]),
        ("sample", ["mobile-ffhq"]),
    ],
)
def test_help_names_what_there_is(capsys, verb, names):
    assert cli.main([verb, "--help"]) == 0
    words = re.split(r"[\s,;:│\]\[]+", capsys.readouterr().out)
    assert set(names) <= set(words)
