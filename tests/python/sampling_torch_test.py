"""Sampling torch tensors: the answers of NumPy, through the compiler too, and the modules with other libraries' names."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import topkit  # noqa: E402
import topkit.torch  # noqa: E402,F401
from sampling_test import logits  # noqa: E402
from topkit.compat import flashinfer  # noqa: E402
from topkit.nanochat import sample_next_token  # noqa: E402
from torch_test import DEVICES  # noqa: E402

RULES = [{}, dict(temperature=0.0), dict(temperature=0.7, top_k=20), dict(top_k=50, top_p=0.5, min_p=0.01), dict(top_k=1)]


def some(device="cpu", rows=6, tokens=500, **kind):
    return torch.from_numpy(logits(rows, tokens, **kind)).to(device)


def equal(mine, numpys):
    for one, two in zip(mine, numpys):
        assert (one is None) == (two is None)
        if one is not None:
            np.testing.assert_array_equal(one.cpu().numpy(), two)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("rules", RULES)
def test_the_answers_are_numpys_on_every_device(rules, device):
    x, host = some(device), logits()
    options = dict(rules, seed=11, logprobs="raw", kept=True, valid=True, candidates=4)
    equal(topkit.sample(x, **options), topkit.sample(host, **options))
    equal([topkit.filter(x, "probabilities", **rules)], [topkit.filter(host, "probabilities", **rules)])
    tokens = np.arange(6)
    mine = topkit.topn_logprobs(x, 3, tokens=torch.from_numpy(tokens).to(device), probes=[4, 5])
    equal(mine, topkit.topn_logprobs(host, 3, tokens=tokens, probes=[4, 5]))


@pytest.mark.parametrize("device", DEVICES)
def test_types_layouts_and_generators(device):
    x = some(device)
    for dtype in (torch.float16, torch.bfloat16):
        narrow = x.to(dtype)
        assert torch.equal(topkit.sample(narrow, seed=1).tokens, topkit.sample(narrow.float(), seed=1).tokens)
    wide = torch.full((6, 512), 99.0, device=device)
    wide[:, :500] = x
    tokens = topkit.sample(x, seed=1).tokens
    for view in (wide[:, :500], x.t().contiguous().t(), x.clone().requires_grad_()):
        assert torch.equal(topkit.sample(view, seed=1).tokens, tokens)
    draws = []
    for _ in range(2):
        generator = torch.Generator(device).manual_seed(3)
        torch.manual_seed(4)
        draws.append([topkit.sample(x, seed=generator).tokens, topkit.sample(x, seed=generator).tokens, topkit.sample(x).tokens])
    assert all(torch.equal(one, two) for one, two in zip(*draws))
    assert not torch.equal(draws[0][0], draws[0][1]) and not torch.equal(draws[0][1], draws[0][2])
    by_row = dict(temperature=torch.linspace(0, 2, 6, device=device), top_k=torch.arange(6, device=device))
    mine = topkit.sample(x, seed=torch.arange(6, device=device), **by_row)
    host = {name: value.cpu().numpy() for name, value in by_row.items()}
    equal(mine, topkit.sample(logits(), seed=np.arange(6), **host))


@pytest.mark.parametrize("device", DEVICES)
def test_compiled_whole(device):
    x = some(device)

    @torch.compile(fullgraph=True, backend="aot_eager")
    def step(x, seeds):
        drawn = topkit.sample(x * 2, top_k=9, top_p=0.9, seed=seeds, kept=True, candidates=2)
        found = topkit.topn_logprobs(x, 2, tokens=drawn.tokens)
        return drawn, topkit.filter(x, top_k=5), found

    seeds = torch.arange(6, device=device)
    drawn, masked, found = step(x, seeds)
    wanted = topkit.sample(x * 2, top_k=9, top_p=0.9, seed=seeds, kept=True, candidates=2)
    for one, two in zip((*drawn, masked), (*wanted, topkit.filter(x, top_k=5))):
        assert (one is None and two is None) or torch.equal(one, two)
    assert torch.equal(found.token_ranks, topkit.topn_logprobs(x, tokens=wanted.tokens).token_ranks)
    random = torch.compile(lambda x: topkit.sample(x).tokens, fullgraph=True, backend="aot_eager")
    flat = torch.zeros(64, 1000, device=device, requires_grad=True)
    assert len(set(random(flat).tolist())) > 50 and not torch.equal(random(flat), random(flat))


def test_opcheck_finds_nothing():
    x, seeds = some(), torch.arange(6)
    nothing = [None] * 4
    torch.library.opcheck(torch.ops.topkit.sample, (x, *nothing, seeds), dict(top_k=5, kept=True, candidates=3, draws=2))
    torch.library.opcheck(torch.ops.topkit.filter, (x,), dict(top_p=0.5, form=1))
    torch.library.opcheck(torch.ops.topkit.topn_logprobs, (x, *[None] * 12, seeds), dict(n=3, index_dtype=torch.int32))


def test_mistakes_are_named():
    x = some()
    with pytest.raises(ValueError, match=r"temperature.shape = \(5,\)"):
        topkit.sample(x, temperature=torch.ones(5))
    with pytest.raises(TypeError, match="logits.dtype = float64"):
        topkit.sample(x.double())
    with pytest.raises(ValueError, match="out = float32"):
        topkit.filter(x, out=torch.empty(3))


@pytest.mark.parametrize("device", DEVICES)
def test_nanochats_sampler(device):
    """What nanochat's own tests ask of its sampler, and the distribution."""
    x = some(device, 1, 300)
    rng = torch.Generator(device).manual_seed(42)
    many = x.expand(2000, -1)  # as its engine passes the first step: all rows are one
    tokens = sample_next_token(many, rng, temperature=0.8, top_k=10)
    assert tokens.shape == (2000, 1) and tokens.dtype == torch.int64
    again = sample_next_token(many, torch.Generator(device).manual_seed(42), temperature=0.8, top_k=10)
    assert torch.equal(tokens, again) and not torch.equal(tokens, sample_next_token(many, rng, temperature=0.8, top_k=10))
    values, best = torch.topk(x[0].cpu(), 10)
    expected = torch.softmax(values / 0.8, 0).double() * 2000
    counts = (tokens.cpu() == best).sum(0)
    assert counts.sum() == 2000  # nothing else is drawn
    enough = expected > 5
    assert (((counts - expected) ** 2 / expected)[enough]).sum() < 50  # at most 9 degrees of freedom: 1e-7
    state = rng.get_state()
    assert torch.equal(sample_next_token(x, rng, temperature=0.0), x.argmax(-1, keepdim=True))
    assert torch.equal(rng.get_state(), state)
    assert sample_next_token(x, rng, top_k=10**6).shape == (1, 1)
    with pytest.raises(ValueError, match="temperature = -1"):
        sample_next_token(x, rng, temperature=-1)


@pytest.mark.parametrize("device", DEVICES)
def test_flashinfers_names(device):
    x = some(device)
    probs = torch.softmax(x, -1)
    assert torch.allclose(flashinfer.softmax(x, temperature=0.5), torch.softmax(x / 0.5, -1), atol=1e-6)
    values, indices = flashinfer.top_k(x, 5, sorted=True)
    assert torch.equal(values, torch.topk(x, 5).values) and indices.dtype == torch.int64
    masked = flashinfer.top_k_mask_logits(x, 7)
    assert ((masked > -torch.inf).sum(-1) == 7).all() and masked.dtype == x.dtype
    renormed = flashinfer.top_k_renorm_probs(probs, torch.full((6,), 3, device=device, dtype=torch.int32))
    wanted = torch.where(probs >= torch.topk(probs, 3).values[:, -1:], probs, 0)
    assert torch.allclose(renormed, wanted / wanted.sum(-1, keepdim=True), atol=1e-5)
    nucleus = flashinfer.top_p_renorm_probs(probs, 0.5)
    assert torch.allclose(nucleus.sum(-1), torch.ones(6, device=device), atol=1e-5) and ((nucleus > 0).sum(-1) < 500).all()
    for seed, offset in [(5, 0), (torch.arange(6, device=device), torch.arange(6, device=device))]:
        noise = dict(seed=seed, offset=offset)
        tokens = flashinfer.top_k_top_p_sampling_from_logits(x, 5, 0.9, **noise)
        assert tokens.dtype == torch.int32 and torch.equal(tokens, flashinfer.top_k_top_p_sampling_from_logits(x, 5, 0.9, **noise))
        assert (tokens.unsqueeze(1) == indices).any(1).all()
    for draw in (
        lambda **noise: flashinfer.sampling_from_probs(probs, **noise),
        lambda **noise: flashinfer.sampling_from_logits(x, **noise),
        lambda **noise: flashinfer.top_p_sampling_from_probs(probs, 0.9, **noise),
        lambda **noise: flashinfer.top_k_sampling_from_probs(probs, 50, **noise),
        lambda **noise: flashinfer.min_p_sampling_from_probs(probs, 0.01, **noise),
        lambda **noise: flashinfer.top_k_top_p_sampling_from_probs(probs, 50, 0.9, filter_apply_order="joint", **noise),
    ):
        rows = torch.zeros(200, dtype=torch.int64, device=device)
        drawn = draw(indices=rows, seed=3)
        assert drawn.shape == (200,) and drawn.dtype == torch.int64
        assert len(set(drawn.tolist())) > 1 and (probs[0, drawn] > 0).all()  # rows of one seed are independent
        assert draw(generator=torch.Generator(device).manual_seed(1)).shape == (6,)
    tokens, valid = flashinfer.top_p_sampling_from_probs(torch.zeros_like(probs), 0.9, return_valid=True)
    assert not valid.any() and (tokens == 0).all()
    with pytest.raises(ValueError, match="filter_apply_order = 'last'"):
        flashinfer.top_k_top_p_sampling_from_logits(x, 5, 0.9, filter_apply_order="last")
