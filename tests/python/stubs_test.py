"""The stubs say what the functions take."""

import ast
import inspect
import pathlib

import pytest

import topkit

STUBS = ast.parse(pathlib.Path(topkit.__file__).with_suffix(".pyi").read_text())
FUNCTIONS = {node.name: node for node in STUBS.body if isinstance(node, ast.FunctionDef)}
CLASSES = {node.name: node for node in STUBS.body if isinstance(node, ast.ClassDef)}


def test_everything_public_has_a_stub():
    assert set(FUNCTIONS) | set(CLASSES) == set(topkit.__all__)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_names_kinds_and_defaults_are_the_functions(name):
    stub, real = FUNCTIONS[name].args, inspect.signature(getattr(topkit, name))
    positional = [*stub.posonlyargs, *stub.args]
    defaults = dict(zip([arg.arg for arg in positional][::-1], [ast.literal_eval(value) for value in stub.defaults][::-1]))
    defaults |= {arg.arg: ast.literal_eval(value) for arg, value in zip(stub.kwonlyargs, stub.kw_defaults) if value is not None}
    assert [arg.arg for arg in (*positional, *stub.kwonlyargs)] == list(real.parameters)
    assert len(stub.posonlyargs) == sum(each.kind is inspect.Parameter.POSITIONAL_ONLY for each in real.parameters.values())
    assert len(stub.kwonlyargs) == sum(each.kind is inspect.Parameter.KEYWORD_ONLY for each in real.parameters.values())
    assert defaults == {each.name: each.default for each in real.parameters.values() if each.default is not inspect.Parameter.empty}


@pytest.mark.parametrize("name", CLASSES)
def test_classes_have_the_bases_and_fields_of_the_real_ones(name):
    real, stub = getattr(topkit, name), CLASSES[name]
    fields = [node.target.id for node in stub.body if isinstance(node, ast.AnnAssign)]
    assert fields == list(getattr(real, "_fields", ()))
    if not fields:
        assert [ast.unparse(base) for base in stub.bases] == [base.__name__ for base in real.__bases__]
