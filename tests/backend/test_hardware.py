"""What the hardware computes fast; a GPU that TensorFlow passes over is told of."""

import os

import pytest

from tf_fsgd.backend import hardware
from tf_fsgd.backend.hardware import fast_policy, gpus
from tf_fsgd.stylegan2.architecture import Architecture
from tf_fsgd.stylegan2.model import StyleGAN2
from tf_fsgd.stylegan2.stylegan2_teacher import StyleGAN2Teacher


@pytest.fixture
def see(monkeypatch):
    """Lets TensorFlow see GPUs of a compute capability."""

    def see(*capabilities):
        config = hardware.tf.config
        monkeypatch.setattr(
            config, "list_physical_devices", lambda kind: list(capabilities)
        )
        monkeypatch.setattr(
            config.experimental,
            "get_device_details",
            lambda gpu: {"compute_capability": gpu},
        )
        gpus.cache_clear()

    yield see
    gpus.cache_clear()


@pytest.mark.parametrize(
    ("flags", "expected"),
    [({"avx2"}, "float32"), ({"avx2", "amx_bf16"}, "mixed_bfloat16")],
)
def test_without_a_gpu_the_cpu_is_asked(monkeypatch, see, flags, expected):
    see()
    monkeypatch.setattr(hardware, "_cpu_flags", lambda: flags)
    assert fast_policy() == expected


@pytest.mark.parametrize(
    ("capability", "expected"),
    [((7, 5), "float32"), ((8, 0), "mixed_bfloat16"), ((9, 0), "mixed_bfloat16")],
)
def test_the_first_gpu_is_asked_before_the_cpu(monkeypatch, see, capability, expected):
    see(capability, (8, 0))
    flags = set() if expected == "mixed_bfloat16" else {"amx_bf16"}
    monkeypatch.setattr(hardware, "_cpu_flags", lambda: flags)
    assert fast_policy() == expected


def test_the_teacher_asks_the_gpu_too(monkeypatch, see):
    see((8, 0))
    monkeypatch.setattr(hardware, "_cpu_flags", set)
    tiny = Architecture(8, (6, 4), mapping_layers=2, z_dim=5, w_dim=7)
    network = StyleGAN2Teacher(StyleGAN2(tiny)).network(8)
    assert "bfloat16" in {layer.compute_dtype for layer in network.layers}


@pytest.mark.parametrize(
    ("device", "hidden", "said"),
    [
        ("nvidia0", None, True),
        ("nvidia3", None, True),  # a container may be given the fourth alone
        ("nvidiactl", None, False),
        ("nvidia0", "-1", False),  # as the user wants it
    ],
)
def test_a_gpu_that_is_not_seen(
    monkeypatch, tmp_path, see, capfd, device, hidden, said
):
    see()
    (tmp_path / device).touch()
    monkeypatch.setattr(hardware, "_DEVICES", tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if hidden:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert gpus() == gpus() == []
    line = (
        f"note: {tmp_path / device} is there, but TensorFlow sees no GPU and computes "
        "on the processor; CUDA comes with pip install 'tf_fsgd[gpu]'\n"
    )
    assert capfd.readouterr().err == (line if said else "")


def test_a_gpu_that_is_seen_needs_no_words(monkeypatch, tmp_path, see, capfd):
    see((9, 0))
    (tmp_path / "nvidia0").touch()
    monkeypatch.setattr(hardware, "_DEVICES", tmp_path)
    assert gpus() == [(9, 0)]
    assert capfd.readouterr().err == ""


def test_memory_of_gpus_grows():
    assert os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
