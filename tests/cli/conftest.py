"""A verb that needs a finished run."""

import sys

import pytest

from tf_fsgd import __main__ as verbs


@pytest.fixture
def translate(monkeypatch, capfd, tmp_path, brightens):
    """Runs the verb; returns its exit code, what it printed, and what it complained."""

    def translate(*words):
        words = ["translate", *words, "--translator", brightens.path]
        words += ["--edit", "smile=0.5", "--out", tmp_path / "out"]
        monkeypatch.setattr(sys, "argv", ["tf_fsgd", *map(str, words)])
        code = verbs.main()
        return code, *capfd.readouterr()

    return translate


@pytest.fixture
def mistake(monkeypatch, capfd, tmp_path):
    """Runs a command that must fail, and returns its one line."""

    def mistake(command, *words):
        monkeypatch.setattr(sys, "argv", ["command", *map(str, words)])
        assert command() == 2
        out, error = capfd.readouterr()
        assert out == "" and error.startswith("error: ")
        assert error.count("\n") == 1, error
        return error

    return mistake
