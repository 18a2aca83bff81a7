"""topkit.explain: the plan that the library names, beside what was measured."""

import json
import re
from typing import Any

from . import _native, _results
from ._call import dtype_code, make_call
from ._errors import ArgumentError

_DEVICES = {"cpu": 1, "cuda": 2}
# As torch and we write them, as CuPy and as JAX print them.
_FORMS = re.compile(r"(?:<cuda device |tfrt_)?(cpu|cuda|gpu)[:_ ]?(\d*)>?")


def device_of(x: Any, device: Any = None) -> tuple[str, int]:
    """("cpu" or "cuda", number)."""
    if device is None:
        device = getattr(x, "device", "cpu")
        if hasattr(device, "device_set"):  # a sharding of JAX: they are of one kind
            device = min(device.device_set, key=lambda each: each.id)
        if hasattr(device, "platform") and hasattr(device, "id"):  # JAX's
            device = f"{device.platform}:{device.id}"
    text = str(device).lower()
    found = _FORMS.fullmatch("cuda:" + text.removeprefix("<cuda device ") if text.startswith("<cuda device ") else text)
    if found is None:
        raise ArgumentError(f"device = {device}: must be 'cpu' or 'cuda', or 'cuda:1'")
    return "cpu" if found[1] == "cpu" else "cuda", int(found[2] or 0)


def plan_of(x, k, dim=-1, largest=True, sorted=True, *, dtype=None, device=None, order=None, nan=None, algorithm=None, threads=0):
    """One "key: value" a line."""
    shape = tuple(getattr(x, "shape", x))
    code = dtype_code(dtype if dtype is not None else getattr(x, "dtype", "float32"))
    kind, ordinal = device_of(x, device)
    call = make_call(k, dim, largest, sorted, order=order, nan=nan, algorithm=algorithm, threads=threads)
    text = _native.explain(shape, code, _DEVICES[kind], ordinal, call.k, call.dim, call.mode, algorithm, call.threads)
    return text.rstrip("\n")


def problem_of(text: str, device: str, nan: str) -> dict[str, Any]:
    """Of "32x50304 f32 k=50 largest order=value", with the names of the command line's JSON."""
    size, dtype, k, side, order = text.split()[:5]
    rows, cols = size.split("x")
    return {
        "rows": int(rows),
        "cols": int(cols),
        "dtype": dtype,
        "k": int(k.partition("=")[2]),
        "largest": side == "largest",
        "order": order.partition("=")[2],
        "nan": nan,
        "device": device,
    }


def full(text: str, device: str, nan: str, results: Any, as_json: bool) -> str:
    plan = dict(line.split(": ", 1) for line in text.splitlines())
    problem = problem_of(plan.pop("problem"), device, nan)
    measured = None
    if results is not False:
        lines = _results.read(_results.SHIPPED if results is True else results)
        measured = _results.nearest_of_topkit(lines, problem)
    if as_json:
        told = {key: int(value) if value.isdecimal() else value for key, value in plan.items()}
        return json.dumps({"problem": problem, **told, **({"measured": measured} if measured else {})})
    if measured is None:
        return text
    cold = "" if measured["cold_us"] is None else f", {measured['cold_us']:.1f} us cold"
    about = "" if measured["same"] else f" for {measured['case']}, the nearest case,"
    return f"{text}\nmeasured: {measured['hot_us']:.1f} us hot{cold}{about} on {measured['machine']}"
