"""Trains the GPT of `topkit demo text` and writes it beside this file, with logits that it computed.

    apt-get download r-cran-janeaustenr && dpkg -x r-cran-janeaustenr_*.deb /tmp/austen
    pip install torch numpy
    python3 model/train.py /tmp/austen --work build/model

Vocabulary and tokens take some minutes and are kept in the work folder. The model that is committed came of the defaults:
79 s of an H100 that trained two others meanwhile, 1.499 bits a byte of the text held out.

Writes austen.safetensors (the vocabulary as `merges`, and the weights in f16) and real_logits.safetensors (what they
answer, computed in f64, to eight pieces of text that was held out).

A model trained anew writes another text: that of tests/cli/demo and of the README has to follow.
"""

import argparse
import json
import math
import pathlib
import time
from concurrent.futures import ProcessPoolExecutor

import corpus
import numpy
import safetensors
import torch
import vocabulary
from gpt import Gpt, Size
from torch.nn import functional

VARIANTS = 6  # the first is exact, in the others phrases stay apart at random
PHRASES_APART = 0.3
ROWS = 8  # of logits


def tokens_of(job: tuple[str, list[tuple[int, int]], int]) -> numpy.ndarray:
    text, merges, variant = job
    return numpy.array(vocabulary.segment(text, merges, PHRASES_APART if variant else 0, variant), numpy.uint16)


def prepare(folder: pathlib.Path, work: pathlib.Path) -> None:
    """Writes merges.json, held.npy, exact.npy and varied.npy, in which the other variants follow one another."""
    texts = corpus.novels(folder)
    merges = vocabulary.learn("".join(texts))
    learnt, held = corpus.split(texts)
    jobs = [(held, merges, 0)] + [(learnt, merges, variant) for variant in range(VARIANTS)]
    with ProcessPoolExecutor() as pool:
        held_tokens, exact, *varied = pool.map(tokens_of, jobs)
    for name, tokens in (("held", held_tokens), ("exact", exact), ("varied", numpy.concatenate(varied))):
        numpy.save(work / f"{name}.npy", tokens)
    (work / "merges.json").write_text(json.dumps(merges))


def windows(tokens: torch.Tensor, starts: torch.Tensor, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    rows = tokens[starts[:, None] + torch.arange(length + 1, device=tokens.device)]
    return rows[:, :-1], rows[:, 1:]


@torch.no_grad()
def judged(model: Gpt, held: torch.Tensor, sizes: torch.Tensor) -> float:
    """Bits a byte of the text that was held out, in windows side by side. sizes: bytes of each token."""
    length = model.size.context
    starts = torch.arange(0, len(held) - length, length, device=held.device)
    x, y = windows(held, starts, length)
    model.eval()
    nats = sum(
        functional.cross_entropy(model(a).flatten(0, 1), b.flatten(), reduction="sum").item()
        for a, b in zip(x.split(16), y.split(16), strict=True)
    )
    model.train()
    return nats / math.log(2) / sizes[y].sum().item()


def groups(model: Gpt, decay: float) -> list[dict]:
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and name != "positions"]
    rest = [p for name, p in model.named_parameters() if p.ndim < 2 or name == "positions"]
    return [{"params": matrices, "weight_decay": decay}, {"params": rest, "weight_decay": 0.0}]


def train(model: Gpt, text: dict[str, torch.Tensor], sizes: torch.Tensor, arguments: argparse.Namespace) -> None:
    exact, held, context = text["exact"], text["held"], model.size.context
    learnt = torch.cat([exact, text["varied"]])
    counts = torch.bincount(learnt, minlength=model.size.tokens).float()
    model.bias.data = torch.log((counts + 0.5) / (counts + 0.5).sum())
    optimizer = torch.optim.AdamW(groups(model, arguments.decay), betas=(0.9, 0.98), fused=True)
    steps, warm, begun = arguments.steps, min(200, 1 + arguments.steps // 5), time.monotonic()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = arguments.rate * min((step + 1) / warm, (steps - step) / (steps - warm))
        source = learnt if step < steps * (1 - arguments.exact) else exact
        x, y = windows(source, torch.randint(len(source) - context, (arguments.batch,), device=source.device), context)
        with torch.autocast(source.device.type, torch.bfloat16):
            logits = model(x)
        loss = functional.cross_entropy(logits.flatten(0, 1), y.flatten())  # of bf16 as it is: half of the memory to move
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % arguments.report == 0 or step + 1 == steps:
            print(
                f"step {step + 1}: learnt {loss.item():.3f} nats a token, held out {judged(model, held, sizes):.4f} "
                f"bits a byte, {time.monotonic() - begun:.0f} s",
                flush=True,
            )


def write_model(model: Gpt, merges: list[tuple[int, int]], path: pathlib.Path) -> None:
    tensors = {"merges": numpy.array(merges, numpy.uint16)}
    for name, parameter in model.named_parameters():
        tensors[name.removesuffix(".weight")] = numpy.atleast_2d(parameter.detach().half().cpu().numpy())
    safetensors.write(path, tensors, 4088)


@torch.no_grad()
def write_logits(model: Gpt, held: torch.Tensor, path: pathlib.Path) -> None:
    """Of the weights as they were written; contexts are filled up with token 0 behind their lengths."""
    exact = Gpt(model.size).double()
    exact.load_state_dict({name: tensor.half().double().cpu() for name, tensor in model.state_dict().items()})
    exact.eval()
    context = model.size.context
    lengths = [1, 2, 5, 17, 40, 77, 100, context]
    contexts, logits = numpy.zeros((ROWS, context), numpy.uint16), []
    for row, length in enumerate(lengths):
        start = (len(held) - context) * row // ROWS
        tokens = held[start : start + length].cpu()
        contexts[row, :length] = tokens.numpy()
        logits.append(exact(tokens[None])[0, -1].float().numpy())
    tensors = {"logits": numpy.stack(logits), "contexts": contexts, "lengths": numpy.array(lengths, numpy.uint16)}
    safetensors.write(path, tensors, 1016)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="where the package was unpacked")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("build/model"))
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--decay", type=float, default=0.3)
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--exact", type=float, default=0.25, help="the last steps that see exact tokens only, as a share")
    parser.add_argument("--report", type=int, default=500, help="steps between two judgements")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if not (arguments.work / "merges.json").exists():
        prepare(arguments.folder, arguments.work)
    merges = json.loads((arguments.work / "merges.json").read_text())
    text = {
        name: torch.from_numpy(numpy.load(arguments.work / f"{name}.npy").astype(numpy.int64)).to(arguments.device)
        for name in ("held", "exact", "varied")
    }
    texts = vocabulary.texts_of(merges)
    sizes = torch.tensor([len(text) for text in texts], device=arguments.device)
    torch.manual_seed(arguments.seed)
    model = Gpt(Size(tokens=len(texts)), arguments.dropout).to(arguments.device)
    print(f"{sum(p.numel() for p in model.parameters())} parameters", *(f"{len(t)} {name}" for name, t in text.items()))
    train(model, text, sizes, arguments)
    write_model(model, merges, arguments.output / "austen.safetensors")
    write_logits(model, text["held"], arguments.output / "real_logits.safetensors")


if __name__ == "__main__":
    main()
