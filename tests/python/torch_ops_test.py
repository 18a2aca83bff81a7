"""torch.ops.topkit: what torch's dispatcher, autograd, vmap and compiler make of it."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import topkit  # noqa: E402
import topkit.torch  # noqa: E402,F401
from torch_test import DEVICES, assert_winners, some  # noqa: E402

op = torch.ops.topkit.topk


def numbers(shape, device="cpu", dtype=torch.float64):
    """All different: finite differences must not swap two."""
    count = int(np.prod(shape))
    return torch.from_numpy(np.random.default_rng(0).permutation(count).reshape(shape)).to(dtype).to(device)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    "arguments, options",
    [
        (((3, 8), 2), {}),
        (((3, 8), 2, 0, False), {}),
        (((2, 3, 8), 3, 1), dict(index_dtype=torch.int32, order="index")),
        (((8,), 8), dict(nan="last")),
        (((0, 8), 2), {}),
        (((), 1), {}),
    ],
)
def test_opcheck_finds_nothing(arguments, options, device):
    shape, *rest = arguments
    for requires_grad in (False, True):
        x = numbers(shape, device).requires_grad_(requires_grad)
        torch.library.opcheck(op.default, (x, *rest), options)


@pytest.mark.parametrize("device", DEVICES)
def test_opcheck_of_ragged_rows_and_of_out(device):
    x, lengths = numbers((3, 8), device), torch.tensor([8, 1, 4], device=device)
    torch.library.opcheck(op.default, (x.requires_grad_(), 3, -1, True, True, lengths), dict(fill=0.5))
    out = dict(values=torch.empty(3, 2, device=device, dtype=x.dtype), indices=torch.empty(3, 2, device=device, dtype=torch.int64))
    torch.library.opcheck(op.out, (x.detach(), 2), out, test_utils=("test_schema", "test_faketensor"))


@pytest.mark.parametrize("device", DEVICES)
def test_gradients_are_placed_where_the_winners_were(device):
    for shape, k, dim in [((7,), 3, 0), ((3, 7), 2, 1), ((3, 7), 2, 0), ((), 1, -1)]:
        x = numbers(shape, device).requires_grad_()
        assert torch.autograd.gradcheck(lambda t: topkit.topk(t, k, dim).values, x)
        assert torch.autograd.gradgradcheck(lambda t: topkit.topk(t, k, dim).values ** 2, x)
    x = numbers((3, 7), device).requires_grad_()
    lengths = torch.tensor([7, 1, 0], device=device)
    assert torch.autograd.gradcheck(lambda t: topkit.topk(t, 3, lengths=lengths, fill=0.0, index_dtype=torch.int32).values, x)
    values, indices = topkit.topk(x, 2)
    assert values.requires_grad and not indices.requires_grad


def test_ids_with_a_gradient_are_refused():
    x = numbers((3, 7)).requires_grad_()
    with pytest.raises(RuntimeError, match="x requires grad and ids is given"):
        topkit.topk(x, 2, ids=torch.arange(7))


@pytest.mark.parametrize("device", DEVICES)
def test_vmap_maps_any_axis(device):
    x = some("float32", (4, 5, 6), device)
    for in_dim in (0, 1, 2):
        for dim in (0, 1):
            mine = torch.vmap(lambda t: topkit.topk(t, 2, dim), in_dims=in_dim)(x)
            moved = x.movedim(in_dim, 0)
            assert_winners(mine, moved, 2, dim + 1)
    scalars = torch.vmap(lambda t: topkit.topk(t, 1))(some("float32", (9,), device))
    assert scalars.values.shape == (9,)
    nested = torch.vmap(torch.vmap(lambda t: topkit.topk(t, 2)))(x)
    assert_winners(nested, x, 2)


def test_function_transforms_compose():
    x = numbers((4, 6))
    per_row = torch.func.vmap(torch.func.grad(lambda t: topkit.topk(t, 2).values.sum()))(x)
    assert torch.equal(per_row.sum(1), torch.full((4,), 2.0, dtype=torch.float64))
    jacobian = torch.func.jacrev(lambda t: topkit.topk(t, 2).values)(x)
    assert jacobian.shape == (4, 2, 4, 6) and jacobian.sum() == 8


@pytest.mark.parametrize("device", DEVICES)
def test_compiled_whole_with_shapes_that_change(device):
    @torch.compile(fullgraph=True, dynamic=True, backend="aot_eager")
    def best(x, k: int):
        values, indices = topkit.topk(x * 2, k, largest=False)
        return values + 1, indices

    for shape, k in [((3, 50), 4), ((5, 70), 4), ((2, 31), 9)]:
        x = some("float32", shape, device).nan_to_num()
        values, indices = best(x, k)
        assert_winners((values - 1, indices), x * 2, k, largest=False)


def test_compiled_with_every_option_and_top_k():
    x, lengths = some("float32", (3, 50)), torch.tensor([50, 3, 7])

    @torch.compile(fullgraph=True, backend="aot_eager")
    def ragged(x, lengths):
        return topkit.topk(x, 5, lengths=lengths, order="value", nan="last", index_dtype=torch.int32, fill=-1.0)

    for mine, eager in zip(ragged(x, lengths), topkit.topk(x, 5, lengths=lengths, nan="last", index_dtype=torch.int32, fill=-1.0)):
        assert mine.dtype == eager.dtype
        np.testing.assert_array_equal(mine.numpy(), eager.numpy())
    compiled = torch.compile(lambda t: topkit.top_k(t, 3, mode="smallest"), fullgraph=True, backend="aot_eager")
    assert_winners(compiled(x), x, 3, largest=False, nan="last")


def test_compiled_code_is_differentiable():
    x = numbers((3, 9)).requires_grad_()
    compiled = torch.compile(lambda t: topkit.topk(t, 2).values.sum(), fullgraph=True, backend="aot_eager")
    compiled(x).backward()
    assert x.grad.sum() == 6


def test_exported_and_run_again():
    class Model(torch.nn.Module):
        def forward(self, x):
            return tuple(topkit.topk(x, 2))

    x = some("float32", (3, 9))
    program = torch.export.export(Model(), (x,), dynamic_shapes={"x": {0: torch.export.Dim("rows", min=2, max=99)}})
    y = some("float32", (7, 9), seed=3)
    assert_winners(program.module()(y), y, 2)


def test_shapes_are_known_without_memory():
    x = torch.empty(3, 9, device="meta")
    values, indices = topkit.topk(x, 2)
    assert values.shape == indices.shape == (3, 2) and values.device.type == "meta"
    with pytest.raises(RuntimeError):
        topkit.topk(x, 10)


def test_subclasses_stay_what_they_are():
    class Named(torch.Tensor):
        pass

    x = some("float32", (3, 9)).as_subclass(Named)
    values, _ = topkit.topk(x, 2)
    assert type(values) is Named
