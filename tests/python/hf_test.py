"""TopKitSampler in the generate of a transformers model: a tiny one, made here, of random weights."""

import os

import pytest

torch = pytest.importorskip("torch")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
transformers = pytest.importorskip("transformers")

import topkit  # noqa: E402
from topkit.hf import TopKitSampler  # noqa: E402
from torch_test import DEVICES  # noqa: E402


@pytest.fixture(scope="module", params=DEVICES)
def model(request):
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=199, n_positions=64, n_embd=32, n_layer=2, n_head=2, bos_token_id=1, eos_token_id=None, initializer_range=0.5
    )
    return transformers.GPT2LMHeadModel(config).to(request.param).eval()


def generate(model, prompt, sampler, do_sample=False, **options):
    options.setdefault("logits_processor", [sampler])
    return model.generate(
        prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=12, do_sample=do_sample, top_k=0, pad_token_id=0, **options
    )  # fmt: skip


def prompt(model, rows=3):
    return torch.arange(rows * 4, device=model.device).reshape(rows, 4) + 5


def test_every_token_is_the_one_that_topkit_draws(model):
    rules = dict(temperature=0.7, top_k=20, top_p=0.9)
    text = generate(model, prompt(model), TopKitSampler(**rules, seed=7))
    assert text.shape == (3, 16)
    with torch.no_grad():
        logits = model(text).logits
    seeds = torch.arange(7, 10, device=model.device)
    same = 0
    for at in range(4, 16):
        drawn = topkit.sample(logits[:, at - 1].float(), **rules, seed=seeds, position=at, preset="hf").tokens
        same += int((drawn == text[:, at]).sum())
    assert same >= 34  # of 36: a cached forward pass rounds otherwise than a whole one


def test_a_seed_repeats_the_text_and_a_row_does_not_depend_on_its_batch(model):
    sampler = TopKitSampler(temperature=1.2, top_p=0.95, seed=torch.tensor([3, 9, 27], device=model.device))
    text = generate(model, prompt(model), sampler)
    assert torch.equal(text, generate(model, prompt(model), sampler))
    assert torch.equal(text, generate(model, prompt(model), sampler, do_sample=True))  # multinomial has no choice left
    alone = generate(model, prompt(model)[1:2], TopKitSampler(temperature=1.2, top_p=0.95, seed=9))
    assert torch.equal(alone[0], text[1])
    other = generate(model, prompt(model), TopKitSampler(temperature=1.2, top_p=0.95, seed=1))
    assert not torch.equal(text, other)


def test_it_is_greedy_at_temperature_0_and_random_without_a_seed(model):
    text = generate(model, prompt(model), TopKitSampler(temperature=0.0))
    assert torch.equal(text, generate(model, prompt(model), None, logits_processor=[]))
    drawn = [generate(model, prompt(model), TopKitSampler(temperature=2.0)) for _ in range(2)]
    assert not torch.equal(*drawn)


def test_processors_before_it_keep_working(model):
    ban = transformers.NoBadWordsLogitsProcessor([[token] for token in range(100)], eos_token_id=None)
    text = generate(model, prompt(model), None, logits_processor=[ban, TopKitSampler(temperature=3.0)])
    assert (text[:, 4:] >= 100).all()


def test_what_it_decides_itself_is_refused():
    with pytest.raises(ValueError, match="draws: is not for TopKitSampler"):
        TopKitSampler(draws=2)
