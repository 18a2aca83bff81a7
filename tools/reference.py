#!/usr/bin/env python3
"""Makes docs/c.md and docs/cpp.md of the public headers: each declaration with what the comment before it says.

    tools/reference.py            writes the pages
    tools/reference.py --check    says which page is not what the headers say, exit code 1
"""

import argparse
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[1]
MADE = "<!-- Made by tools/reference.py from the headers: do not edit. -->"
PAGES = {
    "docs/c.md": ("C reference", "h", ["topkit.h", "sampling.h"]),
    "docs/cpp.md": ("C++ reference", "hpp", ["topkit.hpp", "sampling.hpp"]),
}


def comment_text(lines):
    """The words of a comment of either style, its indentation kept."""
    text = []
    for line in lines:
        line = re.sub(r"^/\*+ ?|^ \*+/$|^ \* ?|^// ?", "", line.rstrip())
        text.append(re.sub(r" *\*/$", "", line))
    while text and not text[-1]:
        text.pop()
    return text


def markdown(text, language):
    """Paragraphs as they are; what is indented by two or more is an example or a table, and stays as it lies."""
    out, block = [], []
    # A line with a name and a gap begins a list of arguments: it is a table although it is not indented.
    tabular = re.compile(r"^( {2,}\S|\w[\w, ]*? {2,}\S)")

    def flush():
        while block and not block[-1]:
            block.pop()
        if block:
            code = textwrap.dedent("\n".join(block))
            out.extend(["", f"```{language}", code, "```", ""])
        block.clear()

    for line in text:
        if tabular.match(line) or (block and line.startswith("  ")):
            block.append(line)
        elif not line and block:
            block.append("")
        else:
            flush()
            out.append(line.replace("[", "\\[").replace("<", "\\<"))
    flush()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip()


def without_bodies(code):
    """Declarations as a caller sees them: no private parts, no bodies of functions."""
    code = re.sub(r"\n \w*private:.*?(?=\n};?)", "", code, flags=re.S)
    out, i = "", 0
    function = re.compile(r"\)\s*(const\s*)?(noexcept\s*)?(requires\([^{]*\)\s*)?(:\s[^;{]*)?\{")
    while match := function.search(code, i):
        start = match.start() + 1
        depth, j = 1, match.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(code[j], 0)
            j += 1
        words = " ".join(word.strip() for word in match.group(1, 2, 3) if word)
        out += code[i:start] + (f" {words}" if words else "") + ";"
        i = j
    return out + code[i:]


def items(source):
    """(comment, declaration) of everything at the level of a namespace, in order; the first is the file's own comment."""
    lines, at = source.splitlines(), 0
    comment, first, found = [], True, []
    while at < len(lines):
        line = lines[at]
        if re.match(r"namespace detail \{", line):
            while not lines[at].startswith("}  // namespace detail"):
                at += 1
            at, comment = at + 1, []
        elif line.startswith("#if") and not line.startswith("#ifndef TOPKIT_"):
            while not lines[at].startswith("#endif"):  # of the compiler, not of the reader
                at += 1
            at, comment = at + 1, []
        elif line.startswith("/*"):
            begin = at
            while not lines[at].endswith("*/"):
                at += 1
            at += 1
            comment = comment_text(lines[begin:at])
        elif line.startswith("//"):
            begin = at
            while at < len(lines) and lines[at].startswith("//"):
                at += 1
            comment = comment_text(lines[begin:at])
        elif not line or re.match(r"#|namespace |inline namespace |extern|}", line):
            if first and comment:
                found.append((comment, ""))
                first, comment = False, []
            at += 1
        else:
            begin, depth = at, 0
            while True:
                code = re.sub(r"/\*.*?\*/|//.*", "", lines[at])
                depth += code.count("{") - code.count("}") + code.count("(") - code.count(")")
                at += 1
                if depth <= 0 and re.search(r"[;}]\s*$", code):
                    break
            found.append((comment, "\n".join(lines[begin:at])))
            comment = []
    return found


def name_of(declaration):
    flat = re.sub(r"/\*.*?\*/|//[^\n]*", "", declaration, flags=re.S)
    flat = re.sub(r"^(template <.*?>\s*)?(requires.*?(?=\b(void|auto|struct|class|inline|std|Samples|Logprobs)\b))?", "", flat, flags=re.S)
    for pattern in (r"typedef (?:enum|struct) (\w+)", r"typedef .*?\(\*(\w+)\)", r"typedef .*?(\w+);",
                    r"(?:enum class|struct|class|concept) (\w+)", r"(\w+)\s*\("):
        if match := re.search(pattern, flat, re.S):
            return match.group(1)
    return ""


def page(title, language, headers):
    out = [f"# {title}", "", MADE, ""]
    for header in headers:
        source = (ROOT / "include/topkit" / header).read_text()
        entries = items(source)
        out += [f"## topkit/{header}", "", markdown(entries[0][0], language), ""]
        name = ""
        for comment, declaration in entries[1:]:
            code = without_bodies(declaration) if language == "hpp" else declaration
            if "TK_API " in code:
                code = code.replace("TK_API ", "").replace("\n" + " " * len("TK_API "), "\n")
            heading = name_of(code)
            if not comment and out[-2] == "```":
                out[-2:] = [code, "```", ""]  # what nobody explains belongs to what is explained before it
                continue
            if heading and heading != name:
                out += [f"### {heading}", ""]
            name = heading or name
            out += [markdown(comment, language), "", f"```{language}", code, "```", ""]
    text = "\n".join(out)
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    stale = []
    for path, (title, language, headers) in PAGES.items():
        text = page(title, language, headers)
        if arguments.check and (not (ROOT / path).exists() or (ROOT / path).read_text() != text):
            stale.append(path)
        if not arguments.check:
            (ROOT / path).write_text(text)
    if stale:
        print(f"{', '.join(stale)}: not what the headers say; run ./dev docs", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
