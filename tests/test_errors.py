"""Exit codes, and one line for what is the user's or the machine's fault."""

import errno
import os
import subprocess
import sys

import pytest

from tf_fsgd.errors import UserError, WorkerLost, guarded


def raising(error: BaseException):
    def command():
        raise error

    return command


def test_passes_arguments_and_the_exit_code_on(capsys):
    assert guarded(lambda a, b: a + b, 3, 4) == 7
    assert guarded(lambda: None) == 0
    assert capsys.readouterr() == ("", "")


def test_users_mistake_is_one_line_and_code_2(capsys):
    assert guarded(raising(UserError("--fps must be above 0, received -1"))) == 2
    assert capsys.readouterr() == ("", "error: --fps must be above 0, received -1\n")


def test_interrupt_is_code_130(capsys):
    assert guarded(raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "stopped\n"
    assert guarded(raising(KeyboardInterrupt()), resumes=True) == 130
    assert capsys.readouterr().err == "stopped; the same command goes on from here\n"


def test_a_lost_worker_is_one_line_and_a_code_that_schedulers_restart_on(capsys):
    assert guarded(raising(WorkerLost("one of the 2 workers is gone"))) == 143
    assert capsys.readouterr() == ("", "error: one of the 2 workers is gone\n")


def test_full_disk_is_one_line_that_names_the_file(capsys):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "runs/x.png")
    assert guarded(raising(full)) == 2
    assert capsys.readouterr().err == "error: No space left on device: runs/x.png\n"


def test_a_limit_without_a_file_has_no_colon_at_the_end(capsys):
    assert guarded(raising(OSError(errno.EDQUOT, "Disk quota exceeded"))) == 2
    assert capsys.readouterr().err == "error: Disk quota exceeded\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_disk_that_is_full_for_real(capsys):
    def command():
        with open("/dev/full", "wb", buffering=0) as file:
            file.write(b"x")

    assert guarded(command) == 2
    assert capsys.readouterr().err == "error: No space left on device\n"


@pytest.mark.parametrize(
    "error", [ValueError("ours"), OSError(errno.EIO, "Input/output error"), KeyError(1)]
)
def test_a_bug_keeps_its_traceback(error):
    with pytest.raises(type(error)):
        guarded(raising(error))


def test_user_error_is_a_value_error():
    # Callers from outside need not know the class.
    assert issubclass(UserError, ValueError)


def test_a_name_that_is_no_text_is_shown_with_escapes(capsys):
    path = os.fsdecode(b"caf\xe9.png")  # as a Latin-1 system has written it
    assert guarded(lambda: print(f"1 photo: {path}")) == 0
    assert capsys.readouterr().out == "1 photo: caf\\udce9.png\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["print('x')", "app.help_print([])"])
def test_nobody_reads_the_output(command, unbuffered):
    read, write = os.pipe()
    os.close(read)
    code = (
        "import sys; from tf_fsgd.cli import app; from tf_fsgd.errors import guarded; "
        f"sys.exit(guarded(lambda: {command}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdout=write,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
    )
    os.close(write)
    # What prints the help has a code of its own.
    assert done.returncode == (1 if "help" in command else 141)
    assert done.stderr == b""


def test_somebody_elses_pipe_keeps_its_traceback(capfd):
    with pytest.raises(BrokenPipeError):
        guarded(raising(BrokenPipeError(errno.EPIPE, "Broken pipe")))
