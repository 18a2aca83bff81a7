"""The teaching kernel, under Triton's interpreter (conftest.py) here and on the GPU where one is."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("triton")

import topkit.triton  # noqa: E402
from torch_test import assert_winners, some  # noqa: E402

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int8", "int16", "int32", "uint8"])
def test_winners_of_every_type(dtype, largest):
    x = some(dtype, (2, 700), DEVICE)
    assert_winners(topkit.triton.topk(x, 9, largest=largest), x, 9, largest=largest)


SIZES = [(1, 1), (5, 5), (1023, 3), (1024, 64), (1025, 1), (2500, 100), (3000, 1024), (9000, 50)]


@pytest.mark.parametrize("cols, k", SIZES)
def test_rows_of_any_length(cols, k):
    x = some("float32", (2, cols), DEVICE)
    assert_winners(topkit.triton.topk(x, k), x, k)


def test_zeros_infinities_and_all_equal_rows():
    x = torch.tensor([[0.0, -0.0, 1.0, -0.0], [float("-inf")] * 4, [float("nan"), float("inf"), -float("nan"), 2.0]], device=DEVICE)
    for k in range(5):
        assert_winners(topkit.triton.topk(x, k), x, k)
        assert_winners(topkit.triton.topk(x, k, largest=False), x, k, largest=False)


def test_any_axis_and_strides():
    x = some("float32", (2, 3, 8), DEVICE)  # the interpreter takes a tenth of a second a row
    for view, dim in [(x, 0), (x, 1), (x.transpose(1, 2), 1), (x[..., ::2], 2), (x[:, 1:, 3:], -1)]:
        assert_winners(topkit.triton.topk(view, 2, dim), view, 2, dim)


def test_limits_are_said():
    x = some("float32", (1, 3000), DEVICE)
    with pytest.raises(NotImplementedError, match="k = 1025: must be at most 1024"):
        topkit.triton.topk(x, 1025)
    with pytest.raises(TypeError, match="x.dtype = torch.float64"):
        topkit.triton.topk(x.double(), 1)
    with pytest.raises(ValueError, match="k = 3001"):
        topkit.triton.topk(x, 3001)
    with pytest.raises(IndexError, match="dim = 2"):
        topkit.triton.topk(x, 1, 2)
