"""sample, filter and topn_logprobs of NumPy arrays, against float64 and against each other."""

import numpy as np
import pytest

import topkit

ROWS, TOKENS = 6, 500


def logits(rows=ROWS, tokens=TOKENS, seed=0, spread=3.0):
    return (np.random.default_rng(seed).standard_normal((rows, tokens)) * spread).astype(np.float32)


def kept(row, temperature=1.0, top_k=0, top_p=1.0, min_p=0.0, z_of="kept"):
    """Ids in their order and float64 probabilities of one row, by the definition."""
    order = np.argsort(-row, kind="stable")
    if temperature <= 1e-5 or top_k == 1:
        return order[:1], np.ones(1)
    weight = np.exp((row.astype(np.float64) - row.max()) / temperature)[order]
    whole = weight.sum()
    count = min(top_k or len(row), len(row), max(1, int((weight >= min_p).sum())))
    z = whole if z_of == "all" else weight[:count].sum()
    before = np.concatenate([[0.0], np.cumsum(weight)[:-1]])
    count = min(count, max(1, int((before < top_p * z).sum()))) if top_p < 1 else count
    return order[:count], weight[:count] / weight[:count].sum()


RULES = [
    {},
    dict(temperature=0.0),
    dict(temperature=0.7, top_k=20),
    dict(top_p=0.9),
    dict(temperature=1.3, top_p=0.5, top_k=50, min_p=0.02),
    dict(min_p=0.1),
    dict(top_k=1),
]


@pytest.mark.parametrize("rules", RULES)
def test_filter_keeps_what_the_definition_keeps(rules):
    x = logits()
    probabilities = topkit.filter(x, "probabilities", **rules)
    masked = topkit.filter(x, **rules)
    for row, found, left in zip(x, probabilities, masked):
        ids, wanted = kept(row, **rules)
        np.testing.assert_array_equal(np.sort(ids), np.flatnonzero(found))
        np.testing.assert_array_equal(np.sort(ids), np.flatnonzero(left > -np.inf))
        np.testing.assert_allclose(found[ids], wanted, rtol=2e-5)


def test_a_sample_is_drawn_from_what_filter_keeps_and_every_kept_token_comes_up():
    x = logits(3)
    for rules in RULES:
        drawn = topkit.sample(x, seed=5, draws=4000, kept=True, candidates=8, **rules)
        for r, row in enumerate(x):
            ids, probabilities = kept(row, **rules)
            assert drawn.kept[r] == len(ids)
            np.testing.assert_array_equal(drawn.candidates[r], np.pad(ids[:8], (0, max(0, 8 - len(ids))), constant_values=-1))
            assert np.isin(drawn.tokens[r], ids).all()
            assert np.isin(ids[probabilities * 4000 > 40], drawn.tokens[r]).all()


def test_draws_have_their_probabilities():
    x = np.log(np.array([[0.5, 0.25, 0.125, 0.0625, 0.0625]], np.float32))
    counts = np.bincount(topkit.sample(x, seed=1, draws=20000).tokens[0], minlength=5)
    expected = np.exp(x[0].astype(np.float64)) * 20000
    assert ((counts - expected) ** 2 / expected).sum() < 33  # 4 degrees of freedom: 1e-6
    wrong = np.array([0.46, 0.29, 0.125, 0.0625, 0.0625]) * 20000
    assert ((counts - wrong) ** 2 / wrong).sum() > 33  # the test can tell


def test_every_parameter_may_differ_by_row_and_a_row_does_not_depend_on_its_batch():
    x = logits()
    by_row = dict(
        temperature=np.array([0.0, 0.5, 1.0, 1.5, 0.8, 1.0]),
        top_k=[0, 5, 50, 0, 1, 300],
        top_p=np.array([1, 0.9, 0.5, 0.99, 0.3, 1], "f8"),
        min_p=[0.0, 0.0, 0.1, 0.01, 0.0, 0.5],
        seed=np.array([1, 2, 3, 2**63, 2**64 - 1, 6], np.uint64),
        position=np.arange(6) * 7,
    )
    together = topkit.sample(x, logprobs="processed", **by_row)
    for r in range(ROWS):
        alone = topkit.sample(x[r], logprobs="processed", **{name: np.asarray(value)[r] for name, value in by_row.items()})
        assert alone.tokens == together.tokens[r] and alone.logprobs == together.logprobs[r]
    shuffled = np.random.default_rng(0).permutation(ROWS)
    again = topkit.sample(x[shuffled], **{name: np.asarray(value)[shuffled] for name, value in by_row.items()})
    np.testing.assert_array_equal(again.tokens, together.tokens[shuffled])


def test_seeds_and_positions_decide_the_noise():
    x = np.zeros((50, 1000), np.float32)
    same = topkit.sample(x, seed=3).tokens
    assert len(set(same.tolist())) == 1
    assert len(set(topkit.sample(x).tokens.tolist())) > 40  # without a seed rows are independent
    np.testing.assert_array_equal(topkit.sample(x, seed=3).tokens, same)
    assert topkit.sample(x[0], seed=3, position=1).tokens != same[0] != topkit.sample(x[0], seed=4).tokens
    many = topkit.sample(x[0], seed=3, draws=9).tokens
    assert many[0] == same[0]
    np.testing.assert_array_equal(many[2:], topkit.sample(x[0], seed=3, draws=7, draw=2).tokens)
    np.random.seed(0)
    first = topkit.sample(x).tokens
    np.random.seed(0)
    np.testing.assert_array_equal(topkit.sample(x).tokens, first)
    one, two = (topkit.sample(x, seed=np.random.default_rng(8)).tokens for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_leading_axes_are_rows_and_any_layout_is_read():
    x = logits(12).reshape(3, 4, TOKENS)
    tokens = topkit.sample(x, seed=2, draws=2).tokens
    assert tokens.shape == (3, 4, 2)
    np.testing.assert_array_equal(tokens.reshape(12, 2), topkit.sample(x.reshape(12, TOKENS), seed=2, draws=2).tokens)
    padded = np.full((12, TOKENS + 12), 99, np.float32)
    padded[:, :TOKENS] = x.reshape(12, TOKENS)
    for view in (padded[:, :TOKENS], np.asfortranarray(x.reshape(12, TOKENS)), padded[:, :TOKENS].astype(">f4")):
        np.testing.assert_array_equal(topkit.sample(view, seed=2, draws=2).tokens, tokens.reshape(12, 2))
    one_row = np.broadcast_to(x[0, 0], (5, TOKENS))
    np.testing.assert_array_equal(topkit.sample(one_row, seed=np.arange(5)).tokens.shape, (5,))
    empty = np.empty((0, 9), np.float32)
    assert topkit.sample(empty).tokens.shape == (0,) and topkit.filter(empty).shape == (0, 9)
    assert topkit.topn_logprobs(empty, 2).ids.shape == (0, 2)
    assert topkit.sample(x, draws=0).tokens.shape == (3, 4, 0)


def test_bias_mask_maps_lengths_and_softcap():
    x = logits()
    assert (topkit.sample(x, temperature=0, bias={7: 100.0, 9: 90.0}).tokens == 7).all()
    ids = np.tile([[3, -1]], (ROWS, 1))
    ids[2] = 8
    tokens = topkit.sample(x, temperature=0, bias=(ids, np.full((ROWS, 2), 50.0))).tokens
    np.testing.assert_array_equal(tokens, [3, 3, 8, 3, 3, 3])
    words = np.zeros((2, 16), np.int32)
    words[0, 1] = 1 << 5  # token 37
    words[1, 0] = 1 << 2
    drawn = topkit.sample(x, mask=words, mask_map=[0, 1, 0, 1, -1, 0], valid=True)
    np.testing.assert_array_equal(drawn.tokens[[0, 1, 2, 3, 5]], [37, 2, 37, 2, 37])
    assert drawn.valid.all() and drawn.valid.dtype == bool
    np.testing.assert_array_equal(
        topkit.sample(x, row_map=[4, 4, 0], temperature=0).tokens, topkit.sample(x[[4, 4, 0]], temperature=0).tokens
    )
    assert (topkit.sample(x, lengths=[1] * ROWS, seed=np.arange(ROWS)).tokens == 0).all()
    capped = topkit.filter(x, softcap=2.0)
    np.testing.assert_allclose(capped, 2 * np.tanh(x.astype(np.float64) / 2), rtol=1e-5, atol=1e-6)
    nothing = topkit.sample(np.full((1, 9), -np.inf, np.float32), valid=True, kept=True)
    assert nothing.tokens == 0 and not nothing.valid and nothing.kept == 0


def test_presets_are_the_rules_of_top_p():
    row = np.log(np.array([0.4, 0.3, 0.2, 0.1], np.float32))
    assert (topkit.filter(row, "probabilities", top_k=2, top_p=0.5, preset="flashinfer") > 0).sum() == 1  # 0.4 of 0.7
    assert (topkit.filter(row, "probabilities", top_k=3, top_p=0.5, preset="flashinfer_joint") > 0).sum() == 2
    assert (topkit.filter(row, "probabilities", top_k=2, top_p=0.5, top_p_of="all") > 0).sum() == 2
    halves = np.zeros(4, np.float32)
    assert (topkit.filter(halves, "probabilities", top_p=0.5) > 0).sum() == 2
    assert (topkit.filter(halves, "probabilities", top_p=0.5, top_p_inclusive=True) > 0).sum() == 3
    assert (topkit.filter(halves, "probabilities", top_p=0.5, preset="trtllm") > 0).sum() == 3


def test_topn_logprobs_are_those_of_log_softmax():
    x = logits()
    tokens = np.arange(ROWS) * 3
    found = topkit.topn_logprobs(x, 5, tokens=tokens, probes=[0, TOKENS - 1, -1], row_n=[5, 0, 1, 2, 3, 4], temperature=0.7)
    scaled = x.astype(np.float64) / 0.7
    whole = np.log(np.exp(scaled).sum(1))
    exact = scaled - whole[:, None]
    np.testing.assert_allclose(found.logsumexp, whole, rtol=1e-5)
    np.testing.assert_allclose(found.token_logprobs, exact[np.arange(ROWS), tokens], rtol=1e-5)
    np.testing.assert_array_equal(found.token_ranks, 1 + (x > x[np.arange(ROWS), tokens][:, None]).sum(1))
    np.testing.assert_allclose(found.probe_logprobs[:, :2], exact[:, [0, TOKENS - 1]], rtol=1e-5)
    assert np.isnan(found.probe_logprobs[:, 2]).all()
    best = topkit.topk(x, 5).indices
    for r, n in enumerate([5, 0, 1, 2, 3, 4]):
        np.testing.assert_array_equal(found.ids[r], [*best[r, :n], *[-1] * (5 - n)])
        np.testing.assert_allclose(found.logprobs[r, :n], exact[r, best[r, :n]], rtol=1e-5)
    assert topkit.topn_logprobs(x).ids is None


def test_logprobs_of_a_sample():
    x = logits()
    raw = topkit.sample(x, top_k=9, temperature=0.5, seed=1, logprobs="raw")
    wanted = topkit.topn_logprobs(x, tokens=raw.tokens).token_logprobs
    np.testing.assert_allclose(raw.logprobs, wanted, rtol=1e-5)
    processed = topkit.sample(x, top_k=9, temperature=0.5, seed=1, logprobs="processed")
    probabilities = topkit.filter(x, "probabilities", top_k=9, temperature=0.5)
    np.testing.assert_allclose(np.exp(processed.logprobs), probabilities[np.arange(ROWS), raw.tokens], rtol=1e-5)


def test_types_of_logits_and_tokens():
    x = logits()
    half = x.astype(np.float16)
    wanted = topkit.sample(half.astype(np.float32), seed=1).tokens
    np.testing.assert_array_equal(topkit.sample(half, seed=1).tokens, wanted)
    assert topkit.sample(x, index_dtype="int32").tokens.dtype == np.int32
    types = pytest.importorskip("ml_dtypes")
    brain = x.astype(types.bfloat16)
    np.testing.assert_array_equal(topkit.sample(brain, seed=1).tokens, topkit.sample(brain.astype(np.float32), seed=1).tokens)


def test_filter_writes_into_out():
    x = logits()
    out = np.zeros_like(x)
    assert topkit.filter(x, out=out, top_k=3) is out
    np.testing.assert_array_equal(out, topkit.filter(x, top_k=3))


X = logits()
WRONG = [
    (dict(temperature=-1.0), ValueError, "temperature = -1"),
    (dict(temperature=float("nan")), ValueError, "temperature = nan"),
    (dict(temperature="hot"), TypeError, "temperature = 'hot': must be a number"),
    (dict(temperature=None), TypeError, "temperature = None"),
    (dict(temperature=[1.0]), ValueError, r"temperature.shape = \(1,\): must be \(6,\), one entry a row"),
    (dict(top_k=-1), ValueError, "top_k = -1"),
    (dict(top_k=2.5), TypeError, "top_k = 2.5: must be an int"),
    (dict(top_k=[1.0] * 6), TypeError, "row_top_k.dtype"),
    (dict(top_p=1.5), ValueError, "top_p = 1.5"),
    (dict(min_p=-0.5), ValueError, "min_p = -0.5"),
    (dict(seed=1 << 64), ValueError, "seed = 18446744073709551616: must have 64 bits"),
    (dict(seed="7"), TypeError, "seed = '7'"),
    (dict(draws=-1), ValueError, "draws = -1: must not be negative"),
    (dict(draws=True), TypeError, "draws = True"),
    (dict(softcap=-1.0), ValueError, "softcap = -1"),
    (dict(bias=3), ValueError, r"bias = int: must be {token: bias}, or a pair"),
    (dict(bias={500: 1.0}), ValueError, r"bias_ids.* = 500"),
    (dict(mask=np.zeros((6, 3), np.int32)), ValueError, "mask.shape"),
    (dict(row_map=[0, 9]), ValueError, r"row_map\[1\] = 9"),
    (dict(lengths=[501] * 6), ValueError, r"lengths\[0\] = 501"),
    (dict(preset="gpt"), ValueError, "preset = gpt"),
    (dict(top_p_of="some"), ValueError, "top_p_of = 'some': must be one of 'kept', 'top_k', 'all'"),
    (dict(logprobs="exact"), ValueError, "logprobs = 'exact'"),
    (dict(index_dtype="int8"), TypeError, "index_dtype = int8"),
    (dict(algorithm="magic"), ValueError, "algorithm = magic"),
]


@pytest.mark.parametrize("options, kind, sentence", WRONG)
def test_mistakes_are_named(options, kind, sentence):
    with pytest.raises(kind, match=sentence):
        topkit.sample(X, **options)


def test_more_mistakes_are_named():
    for call, kind, sentence in [
        (lambda: topkit.sample(X.astype("f8")), TypeError, "logits.dtype = float64: must be float32, float16 or bfloat16"),
        (lambda: topkit.sample(np.float32(3)), TypeError, "logits = float32"),
        (lambda: topkit.sample(np.zeros((3, 0), "f4")), ValueError, "the last axis must have at least one token"),
        (lambda: topkit.filter(X, "softmax"), ValueError, "form = 'softmax': must be one of 'logits', 'probabilities'"),
        (lambda: topkit.filter(X, out=np.zeros((6, 4), "f4")), ValueError, "out = float32"),
        (lambda: topkit.filter(X, out=np.zeros((500, 6), "f4").T), ValueError, "out.strides"),
        (lambda: topkit.topn_logprobs(X, -1), ValueError, "n = -1"),
        (lambda: topkit.topn_logprobs(X, 2, probes=np.zeros((5, 2), int)), ValueError, r"probes.shape = \(5, 2\)"),
    ]:
        with pytest.raises(kind, match=sentence):
            call()


def test_jax_arrays_come_back_as_jax_arrays():
    jax = pytest.importorskip("jax")
    x = jax.numpy.asarray(X)
    drawn = topkit.sample(x, seed=4, kept=True)
    assert isinstance(drawn.tokens, jax.Array) and drawn.logprobs is None
    np.testing.assert_array_equal(np.asarray(drawn.tokens), topkit.sample(X, seed=4).tokens)
    assert isinstance(topkit.filter(x), jax.Array)
    with pytest.raises(NotImplementedError, match="under a transformation of JAX"):
        jax.jit(lambda x: topkit.sample(x).tokens)(x)
