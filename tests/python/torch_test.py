"""topk of torch tensors, eager: on the CPU here, and on CUDA by the same tests where a GPU is."""

import threading

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import oracle  # noqa: E402
import topkit  # noqa: E402

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))]
DTYPES = [
    "float32", "float16", "bfloat16", "float64", "float8_e4m3fn", "float8_e5m2",
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
]  # fmt: skip


def some(dtype, shape, device="cpu", seed=0):
    random = np.random.default_rng(seed)
    x = torch.from_numpy(random.integers(0, 40, shape).astype(np.float32))
    if dtype.startswith(("float", "bfloat")):
        x = torch.where(torch.from_numpy(random.random(shape) < 0.1), torch.nan, x - 20)
    return x.to(getattr(torch, dtype)).to(device)


def host(x):
    """As NumPy sees it; types that it lacks as the float32 of the same value, whose order is the same."""
    x = x.detach().cpu()
    return x.float().numpy() if x.dtype in (torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2) else x.numpy()


def assert_winners(result, x, k, axis=-1, largest=True, nan="largest"):
    values, indices = result
    assert type(values) is type(indices) is torch.Tensor
    assert values.dtype == x.dtype and values.device == indices.device == x.device
    expected = oracle.topk(host(x), k, axis, largest, nan)
    np.testing.assert_array_equal(indices.cpu().numpy(), expected)
    raw = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[x.element_size()]
    bits = x.detach().cpu().contiguous().view(raw)
    assert torch.equal(values.cpu().contiguous().view(raw), torch.take_along_dim(bits, torch.from_numpy(expected), axis))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("dtype", DTYPES)
def test_winners_of_every_type(dtype, largest, device):
    for shape, k in [((9,), 4), ((3, 50), 50), ((2, 3, 200), 7)]:
        x = some(dtype, shape, device)
        assert_winners(topkit.topk(x, k, largest=largest), x, k, largest=largest)
    assert_winners(topkit.topk(x, 7, nan="last"), x, 7, nan="last")


@pytest.mark.parametrize("device", DEVICES)
def test_any_axis_and_any_strides(device):
    x = some("float32", (4, 6, 10), device)
    for view in (x, x.transpose(0, 2), x[:, ::2], x[..., ::3], x[:1].expand(5, 6, 10), x[1:, 2:, 3:]):
        for axis in (0, 1, 2, -1, -2):
            assert_winners(topkit.topk(view, 2, axis), view, 2, axis)
            assert_winners(topkit.topk(view, 2, axis, index_dtype=torch.int64, nan="largest"), view, 2, axis)


@pytest.mark.parametrize("device", DEVICES)
def test_rows_with_a_stride_are_not_copied(device, monkeypatch):
    x = some("float32", (8, 100), device)[:, :60]
    monkeypatch.setattr(torch.Tensor, "contiguous", lambda *_: pytest.fail("copied"))
    values, indices = topkit.topk(x, 5, index_dtype=torch.int32)
    monkeypatch.undo()
    assert indices.dtype == torch.int32
    assert_winners((values, indices), x, 5)


@pytest.mark.parametrize("device", DEVICES)
def test_numbers_and_empty_tensors_are_as_in_torch(device):
    number = torch.tensor(3.0, device=device)
    for k in (0, 1):  # of k = 0 torch gives the number, too; on CUDA it leaves it unwritten
        (value, index), theirs = topkit.topk(number, k), torch.topk(number, k)
        assert value.shape == theirs[0].shape == index.shape == theirs[1].shape == ()
        assert value == number and index == 0
    with pytest.raises(RuntimeError):
        topkit.topk(number, 2)
    for shape, k, dim in [((0, 5), 3, 1), ((5, 0), 0, 1), ((0, 5), 0, 0), ((2, 3), 0, 1), ((0,), 0, 0)]:
        x = torch.empty(shape, device=device)
        assert [t.shape for t in topkit.topk(x, k, dim)] == [t.shape for t in torch.topk(x, k, dim)]


@pytest.mark.parametrize("device", DEVICES)
def test_the_errors_of_torch_are_raised(device):
    x = some("float32", (3, 4), device)
    for arguments, kind in [
        ((x, 5), RuntimeError),
        ((x, -1), RuntimeError),
        ((x, 1, 2), IndexError),
        ((x, 1.5), TypeError),
        ((x, True), TypeError),
        ((x > 0, 1), RuntimeError),
        ((x.to(torch.complex64), 1), RuntimeError),
    ]:
        with pytest.raises(kind):
            torch.topk(*arguments)
        with pytest.raises(kind, match="= .*: must be") as failure:
            topkit.topk(*arguments)
        assert isinstance(failure.value, (topkit.Error, TypeError))
    with pytest.raises(TypeError, match="x.dtype = torch.bool: must be one of torch.float32"):
        topkit.topk(x > 0, 1)


@pytest.mark.parametrize("device", DEVICES)
def test_out_is_written_in_place_whatever_its_layout(device):
    x = some("float32", (6, 50), device)
    for dim in (0, 1):
        shape = oracle.shape(host(x), 3, dim)
        for values in (torch.empty(shape, device=device), torch.empty(shape[::-1], device=device).T, torch.empty(0, device=device)):
            indices = torch.empty(values.shape, dtype=torch.int64, device=device)
            result = topkit.topk(x, 3, dim, out=(values, indices))
            assert result.values is values and result.indices is indices
            assert_winners(result, x, 3, dim)


def test_wrong_outputs_are_named():
    x = some("float32", (6, 50))
    good = torch.empty(6, 3), torch.empty(6, 3, dtype=torch.int64)
    for out, kind, sentence in [
        ((good[0].double(), good[1]), RuntimeError, r"out\[0\].dtype = torch.float64: must be the type of x"),
        ((good[0], good[1].short()), TypeError, r"out\[1\].dtype = torch.int16"),
        ((good[0][:2], good[1]), ValueError, "out.shape"),
        ((good[0].to("meta"), good[1]), RuntimeError, r"out\[0\] is on meta"),
        (good[0], ValueError, "out = Tensor: must be a pair"),
        ((good[0].numpy(), good[1]), TypeError, r"out\[0\] = ndarray: must be a torch.Tensor"),
    ]:
        with pytest.raises(kind, match=sentence):
            topkit.topk(x, 3, out=out)
    with pytest.raises(RuntimeError, match="does not support automatic differentiation"):
        topkit.topk(x.requires_grad_(), 3, out=good)


@pytest.mark.parametrize("device", DEVICES)
def test_ragged_rows_ids_and_fill(device):
    x = some("float32", (2, 3, 20), device)
    lengths = torch.tensor([[20, 1, 0], [5, 9, 20]], device=device)
    ids = torch.arange(20, device=device, dtype=torch.int32) * 10
    values, indices = topkit.topk(x, 4, lengths=lengths, ids=ids, fill=-5)
    assert indices.dtype == torch.int32
    for place in np.ndindex(2, 3):
        row = host(x)[place][: int(lengths[place])]
        wanted = list(oracle.winners(row, 4) * 10)
        assert indices[place].tolist() == wanted + [-1] * (4 - len(wanted))
        assert values[place].tolist()[len(wanted) :] == [-5.0] * (4 - len(wanted))
    for dtype, fill in [("float16", 2.5), ("bfloat16", -3.0), ("uint8", 200), ("int64", -(2**63))]:
        assert topkit.topk(some(dtype, (1, 4), device), 2, lengths=[1], fill=fill).values[0, 1].item() == fill


def test_numbers_of_rows_may_be_lists_but_on_one_device():
    x = some("float32", (2, 20))
    assert topkit.topk(x, 4, lengths=[3, 20]).indices[0, 3] == -1
    with pytest.raises(ValueError, match="lengths is on meta"):
        topkit.topk(x, 4, lengths=torch.empty(2, dtype=torch.int64, device="meta"))


def test_lazily_negated_tensors_are_seen_as_they_read():
    z = torch.complex(some("float64", (30,)).nan_to_num(), some("float64", (30,), seed=1).nan_to_num()).conj().imag
    assert z.is_neg()
    assert_winners(topkit.topk(z, 5), z.resolve_neg(), 5)
    assert_winners(topkit.topk(z, 5, nan="largest"), z.resolve_neg(), 5)


def test_parameters_and_detached_results():
    p = torch.nn.Parameter(torch.randn(3, 9))
    with torch.no_grad():
        assert not topkit.topk(p, 2).values.requires_grad
    assert topkit.topk(p, 2).values.requires_grad


@pytest.mark.parametrize("device", DEVICES)
def test_a_loop_leaks_no_memory(device):
    import resource

    x = torch.randn(1, 50000, device=device)
    for _ in range(50):
        topkit.topk(x, 10000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(2000):
        topkit.topk(x, 10000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB; kept results would be 240 MB


def test_threads_do_not_mix_results():
    inputs = [torch.randn(4, 3000) for _ in range(4)]
    wanted = [topkit.topk(x, 20).indices for x in inputs]
    wrong = []

    def work(i):
        for _ in range(200):
            if not torch.equal(topkit.topk(inputs[i], 20).indices, wanted[i]):
                wrong.append(i)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


def test_merge_topk_of_tensors():
    x = some("float32", (3, 90))
    parts = [topkit.topk(x[:, s : s + 30], 10) for s in (0, 30, 60)]
    values = torch.stack([part.values for part in parts])
    ids = torch.stack([part.indices + s for part, s in zip(parts, (0, 30, 60))])
    assert_winners(topkit.merge_topk(values, ids, 10), x, 10)


def parts_of(x, width):
    """Sorted parts of x's columns: values and ids [parts, rows, width]."""
    best = [topkit.topk(piece, width) for piece in x.split(x.shape[1] // 3, 1)]
    starts = [i * (x.shape[1] // 3) for i in range(len(best))]
    return torch.stack([part.values for part in best]), torch.stack([part.indices + at for part, at in zip(best, starts)])


@pytest.mark.parametrize("ids_dtype", [torch.int32, torch.int64])
def test_merged_values_are_differentiable(ids_dtype):
    x = some("float64", (4, 30)).nan_to_num()  # of many equal ones
    values, ids = parts_of(x, 7)
    values.requires_grad_()
    ids = ids.to(ids_dtype)
    merged = topkit.merge_topk(values, ids, 10)
    plain = topkit.merge_topk(values.detach(), ids, 10)
    assert merged.values.requires_grad and not plain.values.requires_grad and merged.indices.dtype == ids_dtype
    assert torch.equal(merged.values, plain.values) and torch.equal(merged.indices, plain.indices)
    (merged.values * torch.arange(1.0, 11)).sum().backward()
    for row in range(4):
        taken = {int(name): weight for weight, name in enumerate(merged.indices[row], 1)}
        assert values.grad[:, row].flatten().tolist() == [taken.get(int(name), 0) for name in ids[:, row].flatten()]


def test_merged_padding_has_no_gradient():
    values = torch.tensor([[[3.0, -torch.inf]], [[2.0, 1.0]]], requires_grad=True)
    ids = torch.tensor([[[4, -1]], [[0, 9]]])
    for k, fill, wanted in [(4, -7, [3.0, 2.0, 1.0, -7.0]), (4, None, [3.0, 2.0, 1.0, -torch.inf]), (0, None, [])]:
        merged = topkit.merge_topk(values, ids, k, fill=fill)
        assert merged.values.tolist() == [wanted] and merged.indices.tolist() == [[4, 0, 9, -1][:k]]
        (grad,) = torch.autograd.grad(merged.values.sum(), values)
        assert grad.tolist() == ([[[1, 0]], [[1, 1]]] if k else [[[0, 0]], [[0, 0]]])
    with pytest.raises(RuntimeError, match="does not support automatic differentiation"):
        topkit.merge_topk(values, ids, 1, out=(torch.empty(1, 1), torch.empty(1, 1, dtype=torch.int64)))
    with pytest.raises(NotImplementedError, match="values = Tensor of a transform: merge_topk runs outside of vmap and torch.func only"):
        torch.vmap(lambda v: topkit.merge_topk(v, ids, 1).values)(values.detach()[None])
    nothing = topkit.merge_topk(torch.empty(2, 0, 3, requires_grad=True), torch.empty(2, 0, 3, dtype=torch.int64), 2)
    assert nothing.values.shape == nothing.indices.shape == (0, 2)
