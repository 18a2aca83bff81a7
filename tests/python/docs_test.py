"""The Python that the pages show is run, and prints what they show."""

import doctest
import importlib
import pathlib
import re

import pytest

PAGES = [path for path in [pathlib.Path("README.md"), *sorted(pathlib.Path("docs").glob("*.md"))] if path.exists()]
FENCE = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)


def blocks():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in FENCE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield pytest.param(page, line, match.group(1), id=f"{page.name}:{line}")


BLOCKS = list(blocks())


@pytest.mark.parametrize("page, line, code", BLOCKS)
def test_a_block_prints_what_the_page_shows(page, line, code):
    for module in ("torch", "jax"):
        if re.search(rf"import .*\b{module}\b", code):
            pytest.importorskip(module)
    assert ">>>" in code, "without a prompt nothing would be compared"
    test = doctest.DocTestParser().get_doctest(code, {}, str(page), str(page), line)
    out: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(test, out=out.append)
    assert runner.failures == 0, "".join(out)


def test_there_are_blocks():
    if not PAGES:
        pytest.skip("run from the source folder")
    assert len(BLOCKS) >= 5 and any(block.values[0].name == "README.md" for block in BLOCKS)


@pytest.mark.parametrize("module, least", [("topkit._topk", 6), ("topkit._sampling", 8)])
def test_docstrings_show_what_happens(module, least):
    failures, tests = doctest.testmod(importlib.import_module(module))
    assert failures == 0 and tests >= least
