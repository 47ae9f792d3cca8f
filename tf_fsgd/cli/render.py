"""`tf-fsgd render RUN --runner FlinkRunner -- --flink_master=HOST:8081`."""

from tf_fsgd.cli.options import BeamOptions, Run, Through
from tf_fsgd.errors import UserError


def render(
    run: Run,
    /,
    *options: BeamOptions,
    runner: str = "DirectRunner",
    through: Through = "",
) -> None:
    """Renders the pairs of a run on a cluster, with Apache Beam.

    The files are those that train.py renders; it goes on with them, and with what is
    missing, wherever either was stopped.

    Args:
        run: Folder of a run that train.py has begun.
        runner: DirectRunner (this machine), FlinkRunner, SparkRunner, DataflowRunner,
            or another of Beam's.

    Raises:
        UserError: If the run is none or is finished, or its pairs are the user's own;
            if Beam refuses an option, or a worker fails.
    """
    from tf_fsgd.backend.cluster import Cluster
    from tf_fsgd.pairs.origin import Rendered, origin_of
    from tf_fsgd.runs import open_run
    from tf_fsgd.storage.lease import lease

    cluster = Cluster(runner, options, through)
    folder = open_run(run)
    folder.check_version()
    origin = origin_of(folder.config)
    if not isinstance(origin, Rendered):
        raise UserError(f"{run}: its pairs are those of {folder.pairs}, not rendered")
    origin.check()
    with lease(folder.path):
        origin.make(folder.pairs, cluster=cluster)
