import errno
import tempfile

import pytest
import tensorflow as tf

from tf_fsgd.backend.disk import disk_errors, plain_path
from tf_fsgd.errors import UserError


@pytest.mark.parametrize(
    ("error", "number"),
    [
        (tf.errors.ResourceExhaustedError, errno.ENOSPC),
        (tf.errors.PermissionDeniedError, errno.EACCES),
    ],
)
def test_is_what_python_would_raise(error, number):
    with pytest.raises(OSError) as caught, disk_errors("runs/x"):
        raise error(None, None, "from C++")
    assert (caught.value.errno, caught.value.filename) == (number, "runs/x")


def test_other_errors_stay(tmp_path):
    with pytest.raises(tf.errors.NotFoundError), disk_errors(tmp_path):
        tf.io.read_file(str(tmp_path / "absent"))


@pytest.mark.parametrize(
    "name", ["out [1]", "a*b", "a?b", "a{b,c}", "a\\b", "a\nb", "-out", "gs:", "é"]
)
def test_no_name_of_a_folder_is_a_pattern(name, tmp_path):
    folder = tmp_path / name
    folder.mkdir()
    value = tf.Variable(1.0)
    checkpoint = tf.train.Checkpoint(value=value)
    with plain_path(folder) as plain:
        checkpoint.write(str(plain / "saved"))
        value.assign(2.0)
        checkpoint.read(str(plain / "saved")).assert_consumed()
    assert float(value) == 1
    assert (folder / "saved.index").is_file()
    assert not plain.exists()


@pytest.mark.parametrize("name", ["t [1]", "t*", "t?", "t\\"])
def test_temporary_files_lie_where_tensorflow_finds_them(name, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / name))
    with pytest.raises(UserError, match="TMPDIR must name a folder without"):
        with plain_path(tmp_path):
            pass
