"""Adds up what the ctest runs of `./dev test` did: one line a run, and the plain line `N passed, N failed` last.

A GoogleTest program counts by its cases (its JSON), any other ctest test counts one.
"""

import json
import pathlib
import sys
import xml.etree.ElementTree


def count_run(junit: pathlib.Path) -> tuple[int, int, int]:
    passed = failed = skipped = 0
    for case in xml.etree.ElementTree.parse(junit).getroot().iter("testcase"):
        name, broke = case.get("name"), any(case.find(tag) is not None for tag in ("failure", "error"))
        report = junit.with_suffix("") / f"tests_{name}.json"
        if report.exists():
            suites = json.loads(report.read_text())
            results = [test for suite in suites["testsuites"] for test in suite["testsuite"]]
            bad = sum("failures" in test for test in results)
            left_out = sum(test["result"] == "SKIPPED" or test["status"] == "NOTRUN" for test in results)
            failed += max(bad, int(broke))  # a program that dies after its last case has failed too
            skipped += left_out
            passed += len(results) - bad - left_out
        elif broke:
            failed += 1
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def main() -> int:
    total_passed = total_failed = 0
    for junit in sorted(pathlib.Path(sys.argv[1]).glob("*.xml")):
        passed, failed, skipped = count_run(junit)
        print(f"{junit.stem:<10} {passed} passed, {failed} failed, {skipped} skipped")
        total_passed += passed
        total_failed += failed
    print(f"{total_passed} passed, {total_failed} failed")
    return int(total_failed > 0 or total_passed == 0)


if __name__ == "__main__":
    sys.exit(main())
