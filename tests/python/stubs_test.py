"""The stubs say what the functions take, and a type checker reads them."""

import ast
import importlib
import importlib.util
import inspect
import os
import pathlib
import subprocess
import sys

import pytest

import topkit

# What each needs beside NumPy.
MODULES = {
    "topkit": "",
    "topkit.backends": "",
    "topkit.bench": "",
    "topkit.compat": "",
    "topkit.compat.flashinfer": "torch",
    "topkit.hf": "torch",
    "topkit.jax": "jax",
    "topkit.nanochat": "torch",
    "topkit.torch": "torch",
    "topkit.triton": "triton",
    "topkit.validate": "",
}
HERE = [name for name, needs in MODULES.items() if not needs or importlib.util.find_spec(needs)]


def stubs(module):
    path = pathlib.Path(topkit.__file__).parents[1].joinpath(*module.split("."))
    path = path / "__init__.pyi" if path.is_dir() else path.with_suffix(".pyi")
    return ast.parse(path.read_text(encoding="utf-8")).body


def named(module, kind):
    return [(module, node) for node in stubs(module) if isinstance(node, kind) and not node.name.startswith("_")]


def title(value):
    return value if isinstance(value, str) else value.name


FUNCTIONS = [pair for module in HERE for pair in named(module, ast.FunctionDef)]
CLASSES = [pair for module in HERE for pair in named(module, ast.ClassDef)]


def test_every_public_module_has_stubs():
    package = pathlib.Path(topkit.__file__).parent
    public = {path.stem for path in package.glob("[!_]*.py")} | {path.parent.name for path in package.glob("[!_]*/__init__.py")}
    assert {f"topkit.{name}" for name in public} <= set(MODULES)
    assert all(stubs(module) for module in MODULES)


@pytest.mark.parametrize("module", [name for name in HERE if hasattr(importlib.import_module(name), "__all__")])
def test_everything_public_has_a_stub(module):
    constants = {node.target.id for node in stubs(module) if isinstance(node, ast.AnnAssign)} - {"__version__"}
    told = {node.name for node in stubs(module) if isinstance(node, (ast.FunctionDef, ast.ClassDef))} | constants
    assert told == set(importlib.import_module(module).__all__)


@pytest.mark.parametrize("module, stub", FUNCTIONS, ids=title)
def test_names_kinds_and_defaults_are_the_functions(module, stub):
    real, arguments = inspect.signature(getattr(importlib.import_module(module), stub.name)), stub.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = dict(zip([arg.arg for arg in positional][::-1], [ast.literal_eval(value) for value in arguments.defaults][::-1]))
    defaults |= {arg.arg: ast.literal_eval(value) for arg, value in zip(arguments.kwonlyargs, arguments.kw_defaults) if value is not None}
    rest = [arguments.kwarg.arg] if arguments.kwarg else []
    assert [*(arg.arg for arg in (*positional, *arguments.kwonlyargs)), *rest] == list(real.parameters)
    kinds = [each.kind for each in real.parameters.values()]
    assert len(arguments.posonlyargs) == kinds.count(inspect.Parameter.POSITIONAL_ONLY)
    assert len(arguments.kwonlyargs) == kinds.count(inspect.Parameter.KEYWORD_ONLY)
    # Ellipsis stands for a default that is no literal.
    wanted = {each.name: each.default for each in real.parameters.values() if each.default is not inspect.Parameter.empty}
    assert defaults == {name: ... if defaults.get(name) is ... else value for name, value in wanted.items()}


@pytest.mark.parametrize("module, stub", CLASSES, ids=title)
def test_classes_have_the_bases_and_fields_of_the_real_ones(module, stub):
    real = getattr(importlib.import_module(module), stub.name)
    fields = [node.target.id for node in stub.body if isinstance(node, ast.AnnAssign)]
    if hasattr(real, "_fields") or hasattr(real, "__dataclass_fields__"):
        assert fields == list(getattr(real, "_fields", None) or real.__dataclass_fields__)
    elif stub.name.endswith("Error"):
        assert [ast.unparse(base) for base in stub.bases] == [base.__name__ for base in real.__bases__]
    for node in stub.body:
        if isinstance(node, ast.FunctionDef):
            method = inspect.getattr_static(real, node.name)
            if callable(method):
                assert [arg.arg for arg in (*node.args.posonlyargs, *node.args.args)] == [
                    name for name, each in inspect.signature(method).parameters.items() if each.kind is not each.VAR_KEYWORD
                ]


@pytest.mark.parametrize("name", ["topk", "top_k", "merge_topk", "explain", "algorithms", "info", "sample", "filter", "topn_logprobs"])
def test_docstrings_say_errors_and_source(name):
    text = inspect.getdoc(getattr(topkit, name))
    assert "Raises " in text and "Source: " in text and ("Returns " in text or name == "algorithms")


USER = """
import numpy
import topkit
from topkit import backends, validate

x = numpy.zeros((2, 9), numpy.float32)
best = topkit.topk(x, 3, order="index", nan="last")
names: list[str] = topkit.algorithms("cpu")
answer: float = backends.decide((1, 50304), "float32", 50, results="results").times["topkit"]
words: str = topkit.explain(x, 3, json=True)
token = topkit.sample(x, top_k=5).tokens.sum()
value = best.values.sum() + topkit.top_k(x, 2, axis=0).values.sum()
exact: bool = validate.judge(x, "float32", best.values, best.indices, 3, True).exact
"""
MISTAKES = {
    "topkit.topk(x)": "call-arg",
    "topkit.topk(x, 3, order='best')": "arg-type",
    "topkit.topk(x, 'three')": "arg-type",
    "topkit.top_k(x=x, k=3)": "call-arg",
    "backends.decide((1, 9), 'f32', 1, heat='warm')": "arg-type",
    "topkit.nothing": "attr-defined",
}


# Of torch and JAX only names matter here, and reading them takes half a minute.
SETTINGS = """
[mypy]
strict = True
follow_imports = silent
[mypy-torch.*,jax.*]
follow_imports = skip
"""


def test_a_type_checker_reads_them(tmp_path):
    pytest.importorskip("mypy")
    lines = (USER + "\n".join(MISTAKES) + "\n").splitlines()
    (tmp_path / "user.py").write_text("\n".join(lines) + "\n")
    tree = str(pathlib.Path(topkit.__file__).parents[1])
    (tmp_path / "mypy.ini").write_text(SETTINGS)
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), "user.py"]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "MYPYPATH": tree}, capture_output=True, text=True)
    found = {int(line.split(":")[1]): line.rpartition("[")[2].rstrip("]") for line in done.stdout.splitlines() if ": error:" in line}
    wanted = {len(lines) - len(MISTAKES) + i + 1: code for i, code in enumerate(MISTAKES.values())}
    assert found == wanted, done.stdout + done.stderr
