"""Every code block of the given Markdown files is compiled and run; what it prints is compared where the page shows it.

```c and ```cpp  compiled against include/ and linked with libtopkit, then run. Without a main, the lines that start with
                 #include stay at the top and the rest becomes main.
```sh            run by bash in the source folder, with the built programs on PATH. Blocks that only call ./dev are not
                 run (this test is one of the things ./dev runs) but each command must be one that ./dev help lists.
```console       what the guide advises, for the reader's own files: every subcommand of topkit in it must exist.
```text          what the block before it must have printed; `...` stands for any characters.
Other languages (diff, cmake, json; h and hpp, declarations; python, which tests/python runs) are not code to run here. A block nobody marked with a language fails.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

FENCE = re.compile(r"^```(.*?)\n(.*?)^```$", re.M | re.S)
COMPILER = {"c": ("CC", ["-std=c11", "-x", "c"]), "cpp": ("CXX", ["-std=c++20", "-x", "c++"])}
NOT_RUN = {"cmake", "json", "diff", "h", "hpp", "python"}  # python: tests/python/docs_test.py


class Snippets:
    def __init__(self, arguments: argparse.Namespace):
        self.source = arguments.source.resolve()
        self.build = arguments.build.resolve()
        self.compilers = {"CC": arguments.cc, "CXX": arguments.cxx}
        self.includes = [f"-I{self.source / 'include'}", f"-I{arguments.dlpack}"]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="topkit-docs-"))
        path = f"{self.build / 'bin'}:{os.environ['PATH']}"
        self.environment = os.environ | {"PATH": path, "LD_LIBRARY_PATH": str(self.build / "lib"), "NO_COLOR": "1"}

    def compiled(self, language: str, code: str) -> str:
        if not re.search(r"\bmain\s*\(", code):
            lines = code.splitlines()
            head = [line for line in lines if line.startswith("#include")]
            body = [line for line in lines if not line.startswith("#include")]
            code = "\n".join([*head, "int main(void) {", *body, "}", ""])
        program = self.folder / "snippet"
        compiler, flags = COMPILER[language]
        command = [self.compilers[compiler], *flags, *self.includes, "-Wall", "-Wextra", "-Werror", "-o", str(program)]
        command += ["-", "-x", "none", f"-L{self.build / 'lib'}", "-ltopkit"]
        self.check(command, stdin=code)
        return self.check([str(program)])

    def shell(self, code: str) -> str:
        commands = [line for line in code.splitlines() if line.strip() and not line.startswith("#")]
        if all(line.startswith("./dev") for line in commands):
            listed = self.check(["./dev", "help"])
            for line in commands:
                name = line.split()[1]
                if not re.search(rf"^  {name}\b", listed, re.M):
                    raise AssertionError(f"./dev help does not list `{line}`")
            return ""
        return self.check(["bash", "-euo", "pipefail", "-c", code])

    def check(self, command: list[str], stdin: str = "") -> str:
        done = subprocess.run(
            command, input=stdin, cwd=self.source, env=self.environment, capture_output=True, text=True, timeout=120
        )
        if done.returncode != 0:
            raise AssertionError(f"exit code {done.returncode}: {' '.join(command[:3])}...\n{done.stdout}{done.stderr}")
        return done.stdout

    def run(self, language: str, code: str, printed: str) -> str:
        if language in COMPILER:
            return self.compiled(language, code)
        if language == "sh":
            return self.shell(code)
        if language == "console":
            for name in re.findall(r"^topkit (\w+)", code, re.M):
                self.check(["topkit", name, "--help"])
            return ""
        if language == "text":
            parts = [re.escape(part) for part in code.strip().split("...")]
            if not re.fullmatch(".*?".join(parts), printed.strip(), re.S):
                raise AssertionError(f"the page shows\n{code}\nbut the block before it printed\n{printed}")
            return printed
        if language in NOT_RUN:
            return ""
        raise AssertionError(f"a block marked {language!r}: mark it c, cpp, sh, console, text or one of {sorted(NOT_RUN)}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("source", "build", "dlpack"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--cxx", default="c++")
    parser.add_argument("pages", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    snippets, failures, blocks = Snippets(arguments), 0, 0
    for page in arguments.pages:
        text, printed = page.read_text(encoding="utf-8"), ""
        for match in FENCE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            blocks += 1
            try:
                printed = snippets.run(match.group(1).strip(), match.group(2), printed)
            except AssertionError as failure:
                failures += 1
                print(f"{page}:{line}: {failure}", file=sys.stderr)
    print(f"{blocks} blocks in {len(arguments.pages)} pages, {failures} failed")
    return int(failures > 0 or blocks == 0)


if __name__ == "__main__":
    sys.exit(main())
