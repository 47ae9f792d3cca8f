import errno
import json

import pytest
import tensorflow as tf

from tf_fsgd.training.logs import TrainingLog, console_line


@pytest.fixture
def paths(tmp_path):
    return tmp_path / "log.jsonl", tmp_path / "tensorboard"


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_console_line():
    record = {
        "images": 2400,
        "total": 12000,
        "images_per_second": 8.123,
        "seconds_left": 1182,
        "adversarial": 0.8125,
        "generator": 12.0,
    }
    assert console_line(record) == (
        "2,400/12,000 images  8.12 images/s  0:19:42 left  "
        "adversarial 0.812  generator 12.000"
    )


def test_a_report_holds_the_means_since_the_last_one(paths, capsys):
    with TrainingLog(*paths, total=40, images=0) as log:
        for step, loss in enumerate((1.0, 2.0, 6.0), start=1):
            log.add({"adversarial": tf.constant(loss)}, images=10 * step)
        assert log.report() == {"adversarial": 3.0}
        log.add({"adversarial": tf.constant(5.0)}, images=40)
        log.report()
    first, second = lines(paths[0])
    assert (first["images"], first["total"], first["adversarial"]) == (30, 40, 3.0)
    assert (second["images"], second["seconds_left"]) == (40, 0)
    assert second["adversarial"] == 5.0
    assert capsys.readouterr().out.splitlines() == [
        console_line(first),
        console_line(second),
    ]


def test_the_rate_counts_images_of_this_process(paths, monkeypatch):
    clock = iter([100.0, 105.0])
    monkeypatch.setattr("tf_fsgd.training.logs.time.perf_counter", lambda: next(clock))
    with TrainingLog(*paths, total=100, images=60) as log:
        log.add({"adversarial": tf.constant(1.0)}, images=80)
        log.report()
    (line,) = lines(paths[0])
    assert (line["images_per_second"], line["seconds_left"]) == (4.0, 5)


def test_lines_of_lost_steps_are_dropped(paths):
    path = paths[0]
    path.write_text('{"images": 10}\n{"images": 20}\n{"images": 30}\n{"ima')
    with TrainingLog(*paths, total=100, images=20):
        pass
    assert path.read_text() == '{"images": 10}\n{"images": 20}\n'


def test_tensorboard_gets_the_same_numbers_and_the_grids(paths):
    with TrainingLog(*paths, total=20, images=0) as log:
        log.add({"adversarial": tf.constant(0.5)}, images=10)
        log.report()
        log.image("faces", tf.zeros([4, 6, 3], tf.uint8).numpy())
    (file,) = paths[1].iterdir()
    events = [
        tf.compat.v1.Event.FromString(record.numpy())
        for record in tf.data.TFRecordDataset(str(file))
    ]
    found = {
        value.tag: (event.step, value.tensor)
        for event in events
        for value in event.summary.value
    }
    step, tensor = found["loss/adversarial"]
    assert (step, tf.make_ndarray(tensor).item()) == (10, 0.5)
    step, tensor = found["faces"]
    assert (step, list(tensor.string_val[:2])) == (10, [b"6", b"4"])


def test_a_full_disk_is_the_machines_limit(tmp_path, monkeypatch):
    def full(folder):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(tf.summary, "create_file_writer", full)
    with pytest.raises(OSError) as caught:
        TrainingLog(tmp_path / "log.jsonl", tmp_path / "tb", total=1, images=0)
    assert caught.value.errno == errno.ENOSPC


def test_a_silent_log_counts_and_writes_nothing(paths, capsys):
    with TrainingLog(*paths, total=20, images=0, silent=True) as log:
        log.add({"adversarial": tf.constant(2.0)}, images=10)
        assert log.report() == {"adversarial": 2.0}
        log.image("faces", tf.zeros([2, 2, 3], tf.uint8))
    assert not any(path.exists() for path in paths)
    assert capsys.readouterr() == ("", "")
