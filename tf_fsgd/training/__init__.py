"""The training step, the loop, checkpoints and resume, and the run folder."""
