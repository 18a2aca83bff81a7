"""Large cases are judged by counting, where they lie: the same verdicts as those of the host's judge."""

import numpy as np
import pytest

from topkit import backends
from topkit._inputs import on_device, raw
from topkit.bench import Case
from topkit.bench._inputs import SMALL_BYTES, inputs, normal_on_device
from topkit.bench._verify import complaint, complaint_by_counting

torch = pytest.importorskip("torch")
TYPES = {"float32": "f32", "float16": "f16", "bfloat16": "bf16", "float64": "f64", "int32": "i32", "int8": "i8", "uint8": "u8"}


def best(x, k):
    return [part[:, :k].clone() for part in torch.sort(x, dim=-1, descending=True, stable=True)]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("distribution", ["normal", "two_values", "infinities", "zeros", "all_equal"])
def test_right_answers_are_right_by_counting_and_by_the_judge(dtype, distribution):
    case = Case("", "cpu", TYPES[dtype], 3, 200, 9)
    x = on_device(raw(distribution, dtype, 3, 200), dtype, "cpu")
    assert complaint_by_counting(x, *best(x, 9), 9, True) == "" == complaint(case, x, *best(x, 9), True)


def other_place(values, indices, x):
    worst = x.argmin(-1)
    values[:, -1], indices[:, -1] = x.gather(1, worst[:, None])[:, 0], worst


def twice(values, indices, x):
    values[:, 1], indices[:, 1] = values[:, 0], indices[:, 0]


def other_bits(values, indices, x):
    values[1, 2] += 1


def beyond(values, indices, x):
    indices[1, 2] = x.shape[1]


def other_order(values, indices, x):
    values[:], indices[:] = values.flip(-1), indices.flip(-1)


MISTAKES = [
    (other_place, "a better element was left out"),
    (twice, "an index twice in a row"),
    (other_bits, "values are not the input's bits"),
    (beyond, "is not in 0..199"),
    (other_order, "not in order"),
]


@pytest.mark.parametrize("mistake, words", MISTAKES, ids=[words for _, words in MISTAKES])
def test_planted_mistakes_are_found_by_counting_and_by_the_judge(mistake, words):
    case = Case("", "cpu", "f32", 3, 200, 9)
    x = on_device(raw("normal", "float32", 3, 200), "float32", "cpu")
    values, indices = best(x, 9)
    mistake(values, indices, x)
    assert words in complaint_by_counting(x, values, indices, 9, True)
    assert words in complaint(case, x, values, indices, True)
    if mistake is other_order:
        assert complaint_by_counting(x, values, indices, 9, False) == "" == complaint(case, x, values, indices, False)


def test_shapes_and_types_of_the_answer_count():
    x = torch.randn(2, 50)
    values, indices = best(x, 5)
    assert "must be (2, 5)" in complaint_by_counting(x, values[:, :4], indices, 5, True)
    assert "not the input's bits" in complaint_by_counting(x, values.double(), indices, 5, True)
    assert complaint_by_counting(x, values, indices.int(), 5, True) == ""


def test_nan_is_left_to_the_judge():
    x = on_device(raw("nan", "float32", 2, 100), "float32", "cpu")
    assert complaint_by_counting(x, *best(x, 9), 9, True) is None
    large = Case("", "cpu", "f32", 1, SMALL_BYTES, 3)
    x = on_device(raw("nan", "float32", 1, SMALL_BYTES), "float32", "cpu")
    assert complaint(large, x, *best(x, 3), True) == ""


@pytest.mark.parametrize("name", ["numpy", "torch", "jax"])
def test_answers_of_every_framework_are_judged(name):
    backend = backends.get(name)
    if backend.missing():
        pytest.skip(backend.missing())
    for cols in (100, SMALL_BYTES):
        for dtype, long in (("f32", "float32"), ("bf16", "bfloat16")):
            x = on_device(raw("normal", long, 1, cols), long, "cpu")
            if backend.why_not(x, 5) is None:
                answer = backend.run(backends._base.convert(x, backend.kind), 5, -1, True, True)
                assert complaint(Case("", "cpu", dtype, 1, cols, 5), x, *answer, True) == ""


def test_inputs_have_memory_of_their_own_and_the_first_differ():
    made = inputs(Case("", "cpu", "f32", 1, 100, 5), 6)
    assert len({x.data_ptr() for x in made}) == 6
    assert torch.equal(made[4], made[0]) and not torch.equal(made[1], made[0])


@pytest.mark.parametrize("dtype", ["f32", "bf16", "f64"])
def test_inputs_made_on_the_device_are_normal_and_repeatable(dtype):
    from topkit._call import dtype_name

    case = Case("", "cpu", dtype, 3, 4000, 5)
    x = normal_on_device(case, dtype_name(dtype), 7)
    assert x.shape == (3, 4000) and torch.equal(x, normal_on_device(case, dtype_name(dtype), 7))
    assert abs(float(x.double().mean())) < 0.05 and abs(float(x.double().std()) - 1) < 0.05
    assert not np.array_equal(x.float().numpy(), normal_on_device(case, dtype_name(dtype), 8).float().numpy())
