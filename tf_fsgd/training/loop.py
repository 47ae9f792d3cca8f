"""The training loop: data, step, log, sample, checkpoint."""

import math
from functools import partial

import keras
import numpy as np

from tf_fsgd.backend import workers
from tf_fsgd.config import MIX, Config
from tf_fsgd.pairs.dataset import training_dataset
from tf_fsgd.pairs.source import FamilySource
from tf_fsgd.runs import RunFolder
from tf_fsgd.training.checkpoints import Checkpoints, newest_values
from tf_fsgd.training.interrupt import stop_request
from tf_fsgd.training.logs import TrainingLog
from tf_fsgd.training.samples import edits_grid, two_faces_grid, write_sample
from tf_fsgd.training.state import TrainingState
from tf_fsgd.training.step import Perceptual, make_train_step
from tf_fsgd.translator.translator import load_translator, of_run, run_named


def train(
    config: Config,
    *,
    run: RunFolder,
    source: FamilySource,
    perceptual: Perceptual | None = None,
    faces: np.ndarray | None = None,
) -> keras.Model:
    """Trains a translator, or goes on with one from its newest checkpoint.

    The result depends on the config, the pairs and the machine, not on interruptions.
    Ctrl-C and SIGTERM save a checkpoint; a kill loses the steps since the last one.

    Several GPUs or workers (`backend.workers`) share each batch and see together what
    one would see alone; a run may go on with more of them, or fewer.

    Args:
        config: What to train, for how long, and from which seed.
        run: Where everything is written (see `runs.py`).
        source: The training pairs.
        perceptual: Network and distance of the perceptual loss; needed if it has a
            weight.
        faces: uint8 `[N, R, R, 3]`, of two faces `[N, R, R, 6]`, shown in every sample
            grid; `None`: no grids.

    Returns:
        The translator with averaged weights, float32, also written to `run.translator`.

    Raises:
        UserError: If losses or weights become NaN or infinite (the message names the
            last good checkpoint), or the checkpoints do not fit the config.
        KeyboardInterrupt: After a stop that was asked for, here or of another worker;
            the same call goes on.
        WorkerLost: If another worker is gone.
    """
    # Initial weights come from the seed; the data order from the seed and the step.
    keras.utils.set_random_seed(config.seed)
    plan = config.training
    total = math.ceil(plan.images / plan.batch_size) * plan.batch_size
    with workers.together(), workers.strategy().scope():
        state = TrainingState(config)
    train_step = make_train_step(
        state,
        config.loss,
        ema_decay=plan.ema_decay,
        largest_norm=plan.largest_norm,
        perceptual=perceptual,
    )
    checkpoints = Checkpoints(state, run.checkpoints)
    resumed = checkpoints.restore()
    if plan.start_from and not resumed:
        _start(state, config)

    def due(every: int) -> bool:
        """Whether this step reached a multiple of `every` images, or the end."""
        return state.images % every < plan.batch_size or state.images >= total

    share = {"two": 0.5, MIX: 1.0}.get(config.choice)
    draw = partial(two_faces_grid, share=share) if share else edits_grid

    def sample() -> None:
        if faces is not None and workers.is_chief():
            grid = draw(of_run(run, state.average), faces)
            write_sample(run.samples, state.images, grid)
            log.image("faces", grid)

    batches = iter(
        state.strategy.distribute_datasets_from_function(
            lambda share: training_dataset(
                source,
                config,
                seed=config.seed,
                start_step=int(state.step.numpy()),
                share=share,
            )
        )
    )
    with (
        workers.together(),
        TrainingLog(
            run.log,
            run.tensorboard,
            total=total,
            images=state.images,
            silent=not workers.is_chief(),
        ) as log,
        stop_request() as stop,
    ):
        if not resumed:
            sample()
        while state.images < total:
            losses = train_step(*next(batches))
            log.add(losses, state.images)
            if due(plan.log_every):
                means = log.report()
                if not all(map(math.isfinite, means.values())):
                    raise checkpoints.diverged("the losses")
            if due(plan.sample_every):
                sample()
            # All workers stop at the same step, whoever was asked to.
            stopping = workers.total(bool(stop)) > 0
            if due(plan.checkpoint_every) or stopping:
                checkpoints.save()
            if stopping and state.images < total:
                raise KeyboardInterrupt

    if workers.is_chief():
        # Last, because a run with a translator is held to be trained.
        run.save_translator(state.average)
    workers.total(0)  # the others leave when it is there
    return state.average


def _start(state: TrainingState, config: Config) -> None:
    """Begins with what `training.start_from` has learnt, of the edits that both have.

    A run brings its discriminator, too; what is shipped has none.
    """
    name = config.training.start_from
    start, run = load_translator(name, task=None), run_named(name)
    known = {axis: number for number, axis in enumerate(start.axes)}
    axes = [known.get(axis) for axis in config.axes]
    state.start_from(start.model, axes, newest_values(run.checkpoints) if run else {})
