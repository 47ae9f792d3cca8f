import os
import sys

import pytest

from tf_fsgd.backend.quiet import output_to, say


def test_native_output_goes_to_the_file_and_comes_back(tmp_path, capfd):
    log = tmp_path / "log"
    for word in (b"one ", b"two"):
        with output_to(log):
            os.write(1, word)
            os.write(2, b"!")
    os.write(1, b"out")
    os.write(2, b"err")
    assert log.read_bytes() == b"one !two!"
    assert capfd.readouterr() == ("out", "err")


def test_comes_back_after_an_error(capfd):
    with pytest.raises(ZeroDivisionError), output_to(os.devnull):
        os.write(1, b"hidden")
        raise ZeroDivisionError
    print("seen", file=sys.stderr)
    assert capfd.readouterr() == ("", "seen\n")


def test_what_is_said_reaches_the_console(tmp_path, capfd):
    log = tmp_path / "log"
    with output_to(log), output_to(os.devnull):
        say("one")
    with output_to(log):
        say("two")
    say("three")
    assert log.read_text() == ""
    assert capfd.readouterr() == ("", "one\ntwo\nthree\n")
