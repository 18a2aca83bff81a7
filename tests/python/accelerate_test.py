"""topkit.torch.accelerate: torch.topk's callers see torch.topk, only sooner."""

import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import topkit.torch  # noqa: E402
from torch_test import DEVICES, assert_winners, some  # noqa: E402
from topkit.torch import _accelerate  # noqa: E402
from topkit.torch.__main__ import main  # noqa: E402

TYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int8, torch.int32, torch.int64, torch.uint8]


@pytest.fixture(autouse=True)
def clean():
    topkit.torch.report(reset=True)
    yield
    topkit.torch.report(reset=True)
    assert not topkit.torch.active()


def served():
    return sum(count for (who, _, _), count in topkit.torch.report().items() if who == "topkit")


@pytest.mark.parametrize("device", DEVICES)
def test_torch_topk_runs_on_topkit_while_it_is_on(device):
    x = some("float32", (50, 100), device)
    with topkit.torch.accelerate():
        result = torch.topk(x, 5)
        assert_winners(tuple(result), x, 5)  # lowest index first among equals, which torch does not promise
        assert type(result).__name__ == "topk" and torch.equal(x.topk(5)[1], result.indices)
        assert served() == 2
    torch.topk(x, 5)
    assert served() == 2


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", TYPES)
def test_values_are_torchs_for_every_type_layout_and_flag(dtype, device):
    x = some(str(dtype).removeprefix("torch."), (16, 20, 30), device)
    for view in (x, x.transpose(0, 2), x[:, ::2], x[0], x[0, 0]):
        for dim in range(-view.ndim, view.ndim):
            for k in (0, 1, view.shape[dim] // 2, view.shape[dim]):
                for largest in (True, False):
                    plain = torch.topk(view, k, dim, largest)
                    with topkit.torch.accelerate():
                        ours = torch.topk(view, k, dim, largest)
                        unsorted = torch.topk(view, k, dim, largest, sorted=False)
                    assert ours.values.shape == plain.values.shape and ours.values.dtype == plain.values.dtype
                    assert ours.indices.dtype == torch.int64
                    assert torch.equal(ours.values.nan_to_num(7), plain.values.nan_to_num(7))
                    assert torch.equal(torch.take_along_dim(view, ours.indices, dim).nan_to_num(7), plain.values.nan_to_num(7))
                    a, b = (np.sort(t.cpu().double().numpy(), axis=dim) for t in (unsorted.values, plain.values))
                    np.testing.assert_array_equal(a, b)


def test_errors_are_torchs_own_words():
    x = torch.randn(50, 100)
    for call in (
        lambda: torch.topk(x, 101),
        lambda: torch.topk(x, 1, 5),
        lambda: torch.topk(x > 0, 1),
        lambda: torch.topk(x.to(torch.complex64), 1),
        lambda: torch.topk(x, 1, out=(torch.empty(50, 1, dtype=torch.float64), torch.empty(50, 1, dtype=torch.int64))),
    ):
        with pytest.raises((RuntimeError, IndexError)) as plain:
            call()
        with topkit.torch.accelerate(), pytest.raises(type(plain.value)) as ours:
            call()
        assert str(ours.value) == str(plain.value)


def test_autograd_and_vmap_and_compile_stay_torchs():
    x = torch.randn(50, 100, dtype=torch.float64, requires_grad=True)
    with topkit.torch.accelerate():
        torch.topk(x, 3).values.sum().backward()
        assert x.grad.sum() == 150 and served() == 1
        batched = torch.vmap(lambda row: torch.topk(row, 3).values)(x.detach())
        assert torch.equal(batched, torch.topk(x.detach(), 3).values)
        compiled = torch.compile(lambda t: torch.topk(t, 3), fullgraph=True, backend="aot_eager")
        assert torch.equal(compiled(x.detach())[0], batched)


def test_it_nests_and_restores():
    x = torch.randn(50, 100)
    topkit.torch.accelerate()
    with topkit.torch.accelerate():
        torch.topk(x, 3)
    torch.topk(x, 3)
    topkit.torch.restore()
    torch.topk(x, 3)
    topkit.torch.restore()  # one too many is harmless
    assert served() == 2


def test_the_report_says_how_many_went_where_and_why():
    assert "not on" in str(topkit.torch.report())
    with topkit.torch.accelerate():
        assert "was not called" in str(topkit.torch.report())
        torch.topk(torch.randn(50, 100), 3)
        torch.topk(torch.randn(7), 3)
        torch.topk(torch.randn(0, 7), 3)
        torch.topk(torch.randn(5), 0)
    text = str(topkit.torch.report(reset=True))
    assert "1 x topkit cpu" in text and f"small: under {_accelerate.CPU_ELEMENTS} elements" in text
    assert "2 x torch  cpu   nothing to select from" in text
    assert not topkit.torch.report()


def test_a_script_that_knows_nothing_of_it(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, torch\nx = torch.zeros(1, 5000); x[0, 77] = x[0, 99] = 1\nprint(torch.topk(x, 2).indices.tolist(), sys.argv)\n"
    )
    command = [sys.executable, "-m", "topkit.torch", "--report", str(script), "word"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "[[77, 99]]" in done.stdout and "'word'" in done.stdout
    assert "1 x topkit cpu" in done.stderr


NOTHING = [
    ([], "python -m topkit.torch [--report] script.py"),
    (["nofile.py"], "nofile.py: there is no such file"),
    (["--report", "nofile.py"], "nofile.py: there is no such file"),
    (["-m"], "-m: MODULE is missing"),
    (["-m", "no.such.module"], "-m no.such.module: there is no such module"),
    (["--reports", "x.py"], "--reports: no such option"),
]


@pytest.mark.parametrize("arguments, sentence", NOTHING)
def test_nothing_to_run_is_said_in_a_sentence(arguments, sentence, capsys):
    assert main(arguments) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("device", DEVICES)
def test_the_samples_of_torchs_own_tests(device, monkeypatch):
    """torch ships the inputs that its own tests of topk run on, in every type, layout and with their gradients."""
    methods = pytest.importorskip("torch.testing._internal.common_methods_invocations")
    monkeypatch.setattr(_accelerate, "CPU_ELEMENTS", 0)  # they are small: torch's own kernel would do them
    info = next(info for info in methods.op_db if info.name == "topk")
    samples = [
        (dtype, each)
        for dtype in info.supported_dtypes(device)
        for sample in info.reference_inputs(device, dtype)
        for each in (sample, sample.noncontiguous())
    ]
    expected = 0
    for dtype, sample in samples:
        k, dim = (*sample.args, sample.kwargs.get("dim", -1))[:2]
        expected += _accelerate.why_torch(sample.input, k, dim) is None
        plain = info(sample.input, *sample.args, **sample.kwargs)
        with topkit.torch.accelerate():
            ours = info(sample.input, *sample.args, **sample.kwargs)
        torch.testing.assert_close(ours[0], plain[0], rtol=0, atol=0, equal_nan=True)
    assert 0 < expected == served()
    assert device == "cuda" or expected > len(samples) // 3  # on CUDA most of them have rows along another axis, which stay torch's
    with topkit.torch.accelerate():
        for sample in info.sample_inputs(device, torch.float64, requires_grad=True):
            assert torch.autograd.gradcheck(lambda t: info(t, *sample.args, **sample.kwargs)[0], sample.input)
