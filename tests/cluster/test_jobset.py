"""The manifest is of JobSet's schema, and says the same everywhere."""

import copy
import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from tf_fsgd.backend import workers
from tf_fsgd.cli import app

MANIFEST = Path(__file__).parents[2] / "cluster" / "jobset.yaml"
SCHEMA = json.loads(Path(__file__).with_name("jobset_schema.json").read_text())


@pytest.fixture
def manifest():
    return yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))


@pytest.fixture
def job(manifest):
    return manifest["spec"]["replicatedJobs"][0]["template"]["spec"]


@pytest.fixture
def container(job):
    return job["template"]["spec"]["containers"][0]


def test_it_is_of_the_schema(manifest):
    jsonschema.validate(manifest, SCHEMA)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda spec: spec.update(replicatedJob=[]), "replicatedJob"),
        (lambda spec: spec["failurePolicy"].update(maxRestarts="100"), "'100'"),
        (lambda spec: spec["failurePolicy"]["rules"][0].pop("action"), "action"),
        (
            lambda spec: spec["replicatedJobs"][0]["template"]["spec"]["template"][
                "spec"
            ]["containers"][0].update(volumeMount=[]),
            "volumeMount",
        ),
    ],
)
def test_the_schema_refuses_what_is_wrong(manifest, change, message):
    wrong = copy.deepcopy(manifest)
    change(wrong["spec"])
    with pytest.raises(jsonschema.ValidationError, match=message):
        jsonschema.validate(wrong, SCHEMA)


def test_every_worker_knows_its_place(manifest, job, container, monkeypatch):
    index, config, *_ = container["env"]
    assert index["name"] == "INDEX" and config["name"] == "TF_CONFIG"
    count = job["completions"]
    assert job["parallelism"] == count == 4
    places = []
    for number in range(count):
        # As Kubernetes fills in a variable that was named before.
        text = config["value"].replace("$(INDEX)", str(number))
        monkeypatch.setenv("TF_CONFIG", text)
        places.append(workers._place())
    assert places == [(0, 4), (1, 4), (2, 4), (3, 4)]
    name = manifest["metadata"]["name"]
    kind = manifest["spec"]["replicatedJobs"][0]["name"]
    (port,) = container["ports"]
    assert json.loads(text)["cluster"]["worker"] == [
        f"{name}-{kind}-0-{number}.{name}:{port['containerPort']}"
        for number in range(count)
    ]


def test_the_users_mistakes_end_it_and_nothing_else(manifest, job, container):
    (rule,) = job["podFailurePolicy"]["rules"]
    assert rule["onExitCodes"]["containerName"] == container["name"]
    assert rule["onExitCodes"]["values"] == [2]  # of `errors.guarded`
    # The policy of failures needs it, and one that fails must start all again.
    assert job["template"]["spec"]["restartPolicy"] == "Never"
    assert job["backoffLimit"] == 0
    (rule,) = manifest["spec"]["failurePolicy"]["rules"]
    assert rule["action"] == "FailJobSet"


def test_the_command_is_one(container):
    program, *words = container["command"]
    assert program == "tf-fsgd"
    verb, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert verb.__name__ == "train" and bound.arguments["runs"] in mounts
