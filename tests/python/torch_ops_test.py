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


def each(samples, call):
    """The samples one after another, which is what vmap means."""
    answers = [call(*sample) for sample in samples]
    return [torch.stack(part) for part in zip(*answers)]


def assert_same(mine, wanted):
    for one, other in zip(mine, wanted):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one.cpu().numpy(), other.cpu().numpy())


THROUGH = {
    "topk": lambda x, k, dim=-1, **rows: topkit.topk(x, k, dim, fill=-7, **rows),
    "op": lambda x, k, dim=-1, **rows: torch.ops.topkit.topk(x, k, dim, fill=-7, **rows),
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("road", THROUGH)
@pytest.mark.parametrize("name", ["lengths", "starts", "row_k"])
def test_vmap_of_numbers_of_rows_mapped_or_not(name, road, device):
    x = some("float32", (4, 3, 20), device)
    call = THROUGH[road]
    shared = torch.tensor([20, 0, 5] if name != "starts" else [0, 20, 15], device=device)
    own = torch.stack([shared.roll(i) for i in range(4)])
    if name == "row_k":
        shared, own = shared.clamp_max(6), own.clamp_max(6)
    select = lambda t, n: call(t, 6, **{name: n})  # noqa: E731
    assert_same(torch.vmap(lambda t: select(t, shared))(x), each(zip(x), lambda t: select(t, shared)))
    assert_same(torch.vmap(select)(x, own), each(zip(x, own), select))
    assert_same(torch.vmap(select, in_dims=(None, 0))(x[0], own), each(zip([x[0]] * 4, own), select))
    assert_same(torch.vmap(select, in_dims=(2, 1))(x.movedim(0, 2), own.T), each(zip(x, own), select))
    along = lambda t, n: call(t, 3, 0, **{name: n})  # noqa: E731
    by_column = torch.randint(0, 4, (4, 20), device=device)
    assert_same(torch.vmap(along)(x, by_column), each(zip(x, by_column), along))
    row = lambda t, n: call(t, 6, **{name: n})  # noqa: E731
    assert_same(torch.vmap(row)(x[:, 0], own[:, 0]), each(zip(x[:, 0], own[:, 0]), row))
    nested = [torch.stack(part) for part in zip(*(each(zip(*pair), row) for pair in zip(x, own)))]
    assert_same(torch.vmap(torch.vmap(row))(x, own), nested)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("road", THROUGH)
def test_vmap_of_ids_mapped_or_not(road, device):
    x = some("float32", (4, 3, 20), device)
    call = THROUGH[road]
    lists = torch.stack([torch.randperm(20) for _ in range(12)]).reshape(4, 3, 20).to(device)
    for kind in (torch.int64, torch.int32):
        ids = lists.to(kind)
        select = lambda t, n: call(t, 6, ids=n)  # noqa: E731
        for shared in (ids[0, 0], ids[0]):
            assert_same(torch.vmap(lambda t: select(t, shared))(x), each(zip(x), lambda t: select(t, shared)))
        for own in (ids[:, 0], ids):
            assert_same(torch.vmap(select)(x, own), each(zip(x, own), select))
            assert_same(torch.vmap(select, in_dims=(None, 0))(x[0], own), each(zip([x[0]] * 4, own), select))
        assert_same(torch.vmap(select)(x[:, 0], ids[:, 1]), each(zip(x[:, 0], ids[:, 1]), select))
        along = lambda t, n: call(t, 2, 0, ids=n)  # noqa: E731
        assert_same(torch.vmap(along)(x, ids), each(zip(x, ids), along))


def test_vmap_names_a_wrong_shape_as_a_sample_has_it():
    x = some("float32", (4, 3, 20))
    for name in ("lengths", "ids"):
        with pytest.raises(ValueError, match=rf"{name}.shape = \(2,\): must be \("):
            torch.vmap(lambda t: topkit.topk(t, 2, **{name: torch.ones(2, dtype=torch.int64)}))(x)


def test_vmap_and_grad_with_numbers_of_rows():
    x, lengths = numbers((4, 3, 20)), torch.tensor([[20, 0, 5], [1, 2, 3], [0, 0, 0], [20, 20, 20]])
    best = lambda t, n: topkit.topk(t, 4, lengths=n, fill=0).values.sum()  # noqa: E731
    mine = torch.func.vmap(torch.func.grad(best))(x, lengths)
    for sample, own, grad in zip(x, lengths, mine):
        assert torch.equal(grad, torch.func.grad(best)(sample, own))
        assert grad.sum() == own.clamp_max(4).sum()
    with pytest.raises(RuntimeError, match="x requires grad and ids is given"):
        torch.func.grad(lambda t: topkit.topk(t, 2, ids=torch.arange(20)).values.sum())(x)


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
