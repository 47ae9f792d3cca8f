"""Trains the attribute classifier.

    tf-fsgd attributes train --data-dir DIR --out OUT

OUT holds the face crops (made once, removed at the end), the state after every epoch
(the same command goes on from it, also after kill -9), and at the end `celeba40.npz`.
"""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tf_fsgd.attributes.celeba import face_blocks
from tf_fsgd.attributes.crop_augmentation import augment
from tf_fsgd.attributes.model import SIZE, build_classifier
from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.backend.averaging import update_average
from tf_fsgd.backend.disk import plain_path
from tf_fsgd.backend.hardware import dtype_policy, fast_policy
from tf_fsgd.errors import UserError
from tf_fsgd.storage.archives import FLAGS, read_array
from tf_fsgd.storage.files import atomic_path, make_folder, read_json, write_json
from tf_fsgd.storage.weights import save_weights

WEIGHTS_NAME = "celeba40.npz"
EMA_DECAY = 0.998

_MARGIN = 1 / 16  # around the crop, so that rotations and shifts find pixels
_SIDE = round(SIZE * (1 + 2 * _MARGIN))


def train_classifier(
    out: str | os.PathLike,
    data_dir: str | os.PathLike | None = None,
    *,
    epochs: int = 12,
    batch_size: int = 64,
    learning_rate: float = 2e-3,
    weight_decay: float = 0.05,
    seed: int = 0,
    precision: str = "auto",
) -> Path:
    """Trains on CelebA's train split, or goes on with a training that was stopped.

    Args:
        out: Folder of the training; made when missing.
        data_dir: As for `tf_fsgd.attributes.celeba.find_celeba`.
        epochs: Passes over the train split.
        batch_size: Faces a step.
        learning_rate: Peak of the cosine schedule.
        weight_decay: AdamW's; spares biases and norms.
        seed: Of weights, order and augmentation.
        precision: "auto" (bfloat16 where the processor computes it), or a Keras policy.

    Returns:
        Path of the weights, `OUT/celeba40.npz`: the moving average of the training's.
        A training that is complete already returns at once.

    Raises:
        UserError: If CelebA is not there, a number is out of range, or `out` holds a
            training with other settings.
    """
    if epochs < 1 or batch_size < 2 or learning_rate <= 0:
        raise UserError(
            "epochs must be >= 1, batch_size >= 2 and learning_rate > 0, "
            f"received {epochs}, {batch_size}, {learning_rate}"
        )
    out = Path(out)
    weights = out / WEIGHTS_NAME
    settings = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "seed": seed,
    }
    _remember(out / "settings.json", settings)
    if weights.exists():
        return weights
    faces, attributes = _cached_faces(out, data_dir)
    steps = len(faces) // batch_size
    if steps < 1:
        raise UserError(f"batch_size {batch_size} exceeds the {len(faces)} faces")

    keras.utils.set_random_seed(seed)
    with dtype_policy(fast_policy() if precision == "auto" else precision):
        model = build_classifier()
    optimizer = _optimizer(model, learning_rate, weight_decay, steps * epochs)
    average = [tf.Variable(v.value, trainable=False) for v in model.trainable_variables]
    done = tf.Variable(0, dtype=tf.int64)
    seconds = tf.Variable(0.0, dtype=tf.float64)
    # TensorFlow's checkpoints do not find the counter of Keras' random draws (dropout).
    draws = [v.value for v in model.variables if v.path.endswith("generator_state")]
    checkpoint = tf.train.Checkpoint(
        model=model,
        optimizer=optimizer,
        average=average,
        draws=draws,
        done=done,
        seconds=seconds,
    )
    step = _train_step(model, optimizer, average)
    make_folder(out / "state")
    with plain_path(out / "state") as state:
        manager = tf.train.CheckpointManager(checkpoint, str(state), max_to_keep=2)
        if manager.latest_checkpoint:
            checkpoint.restore(manager.latest_checkpoint).assert_consumed()
        with tqdm(
            desc="attributes",
            total=steps * epochs,
            initial=int(done) * steps,
            unit=" steps",
            mininterval=5,
        ) as progress:
            for epoch in range(int(done), epochs):
                started = time.monotonic()
                losses = []
                for images, labels in _epoch(
                    faces, attributes, batch_size, seed, epoch
                ):
                    losses.append(step(images, labels))
                    progress.update()
                    if len(losses) % 20 == 0:
                        progress.set_postfix(loss=f"{np.mean(losses[-20:]):.4f}")
                done.assign_add(1)
                seconds.assign_add(time.monotonic() - started)
                manager.save()
                row = {
                    "epoch": epoch + 1,
                    "faces": len(faces),
                    "loss": round(float(np.mean(losses)), 5),
                    "seconds": round(float(seconds)),
                }
                with (out / "log.jsonl").open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")

    for variable, value in zip(model.trainable_variables, average, strict=True):
        variable.assign(value)
    share = attributes.mean(axis=0, dtype=np.float32)
    save_weights(model, weights, train_share=share)
    (out / "faces.u8").unlink()
    return weights


def _remember(path: Path, settings: dict) -> None:
    """Writes the settings, or refuses to go on with others than the ones written."""
    if path.exists() and (known := read_json(path)) != settings:
        raise UserError(
            f"{path.parent} holds a training with other settings: {known}; "
            "choose another folder or the same settings"
        )
    write_json(path, settings)


def _cached_faces(
    out: Path, data_dir: str | os.PathLike | None
) -> tuple[np.ndarray, np.ndarray]:
    """Train faces `[N, S, S, 3]` uint8 (a memory map), attributes `[N, 40]` bool."""
    faces_path, attributes_path = out / "faces.u8", out / "attributes.npy"
    # The faces become visible last: where they are, both files are whole.
    if not faces_path.exists():
        rows = []
        with atomic_path(faces_path) as temporary:
            with temporary.open("wb") as file:
                for faces, attributes in face_blocks("train", data_dir, _SIDE, _MARGIN):
                    faces.tofile(file)
                    rows.append(attributes)
            with atomic_path(attributes_path) as temporary_attributes:
                np.save(temporary_attributes, np.concatenate(rows))
    need = (FLAGS, (None, len(ATTRIBUTES)))
    attributes = read_array(attributes_path, "CelebA's attributes", need)
    shape = (len(attributes), _SIDE, _SIDE, 3)
    return np.memmap(faces_path, np.uint8, "r", shape=shape), attributes


def _optimizer(
    model: keras.Model, learning_rate: float, weight_decay: float, steps: int
) -> keras.optimizers.Optimizer:
    warmup = min(200, steps // 10)
    schedule = keras.optimizers.schedules.CosineDecay(
        learning_rate / 20 if warmup else learning_rate,
        steps - warmup,
        warmup_target=learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=weight_decay)
    optimizer.exclude_from_weight_decay(
        var_list=[v for v in model.trainable_variables if len(v.shape) == 1]
    )
    optimizer.build(model.trainable_variables)
    return optimizer


def _train_step(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    average: list[tf.Variable],
) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    @tf.function
    def step(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = model(images, training=True)["logits"]
            loss = tf.reduce_mean(
                tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
            )
        variables = model.trainable_variables
        optimizer.apply_gradients(
            zip(tape.gradient(loss, variables), variables, strict=True)
        )
        values = [variable.value for variable in variables]
        update_average(average, values, optimizer.iterations, EMA_DECAY)
        return loss

    return step


def _epoch(
    faces: np.ndarray, attributes: np.ndarray, batch_size: int, seed: int, epoch: int
) -> tf.data.Dataset:
    """Augmented batches of one epoch; order and views follow from `(seed, epoch)`."""
    order = np.random.default_rng((seed, epoch)).permutation(len(faces))
    steps = len(faces) // batch_size
    batches = order[: steps * batch_size].reshape(steps, batch_size)

    def read(rows: np.ndarray) -> np.ndarray:
        return np.asarray(faces[rows])

    def load(number: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images = tf.numpy_function(read, [rows], tf.uint8, stateful=False)
        images.set_shape([batch_size, _SIDE, _SIDE, 3])
        labels = tf.cast(tf.gather(attributes, rows), tf.float32)
        draw = tf.stack([tf.constant(seed, tf.int64), epoch * steps + number])
        return augment(images, draw, SIZE), labels

    source = tf.data.Dataset.from_tensor_slices(
        (np.arange(steps, dtype=np.int64), batches.astype(np.int64))
    )
    return source.map(load, num_parallel_calls=2, deterministic=True).prefetch(2)
