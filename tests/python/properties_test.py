"""What holds for every input, searched for by Hypothesis."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import oracle
import topkit

DTYPES = st.sampled_from(["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])


@st.composite
def problems(draw, rows=6, cols=300):
    """Few different values, so that ties decide; all bit patterns, so that NaN payloads and -0 are among them."""
    dtype = np.dtype(draw(DTYPES))
    shape = draw(st.integers(1, rows)), draw(st.integers(1, cols))
    pattern = draw(arrays.arrays(np.uint8, (draw(st.integers(1, 12)), dtype.itemsize)))
    choice = draw(arrays.arrays(np.uint8, shape, elements=st.integers(0, len(pattern) - 1)))
    x = pattern.view(dtype)[:, 0][choice]
    return x, draw(st.integers(0, shape[1])), draw(st.booleans()), draw(st.sampled_from(["largest", "last"]))


@given(problems())
def test_the_answer_is_the_stable_sorts(problem):
    x, k, largest, nan = problem
    oracle.assert_winners(topkit.topk(x, k, largest=largest, nan=nan), x, k, largest=largest, nan=nan)


@given(problems())
def test_a_row_does_not_depend_on_its_neighbours(problem):
    x, k, largest, nan = problem
    whole = topkit.topk(x, k, largest=largest, nan=nan).indices
    for row, wanted in zip(x, whole):
        np.testing.assert_array_equal(topkit.topk(row, k, largest=largest, nan=nan).indices, wanted)


@given(problems(), st.integers(1, 5))
def test_parts_merge_to_the_whole(problem, pieces):
    x, k, largest, nan = problem
    cuts = [x.shape[1] * i // pieces for i in range(pieces + 1)]
    width = max(max(b - a for a, b in zip(cuts, cuts[1:])), 1)
    lengths = np.full(x.shape[0], 0)
    values, ids = [], []
    for start, end in zip(cuts, cuts[1:]):
        part = topkit.topk(x, width, starts=lengths + start, lengths=lengths + (end - start), largest=largest, nan=nan)
        values.append(part.values)
        ids.append(part.indices)
    merged = topkit.merge_topk(np.stack(values), np.stack(ids), k, largest=largest, nan=nan)
    oracle.assert_winners(merged, x, k, largest=largest, nan=nan)


@given(problems(), st.sampled_from(topkit.algorithms("cpu")))
def test_every_algorithm_agrees(problem, algorithm):
    x, k, largest, nan = problem
    if algorithm == "argmax":
        k = min(k, 1)
    oracle.assert_winners(topkit.topk(x, k, largest=largest, nan=nan, algorithm=algorithm), x, k, largest=largest, nan=nan)


@given(problems(), st.data())
def test_any_strides_give_the_answer_of_a_copy(problem, data):
    x, _, largest, nan = problem
    axis = data.draw(st.integers(0, 1))
    view = x[:: data.draw(st.sampled_from([1, 2, -1])), :: data.draw(st.sampled_from([1, 3, -2]))]
    k = data.draw(st.integers(0, view.shape[axis]))
    oracle.assert_winners(topkit.topk(view, k, axis, largest, nan=nan), view.copy(), k, axis, largest, nan)
