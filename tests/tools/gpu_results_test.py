"""The summary and the README's GPU table: what they say of results whose ratios are known."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import gpu_results  # noqa: E402
import readme_table  # noqa: E402

HEADER = {
    "header": "topkit bench", "device": "cuda", "machine": "GPU X, driver 1, CUDA 13.0", "date": "2026-01-02", "commit": "abc",
    "gpu": "GPU X", "driver": "1", "cuda": "13.0", "clock_mhz": 1000, "roof_gbps": 3200, "empty_kernel_us": 0.7,
}


def result(case, peer, hot, cold, **more):
    rows, cols, k = 1, 50304, 50
    return {
        "case": case, "op": "topk", "dtype": "f32", "rows": rows, "cols": cols, "k": k, "order": "value", "distribution": "normal",
        "device": "cuda", "index_type": "i32", "peer": peer, "algorithm": "cluster" if peer == "topkit" else "", "hot_us": hot,
        "cold_us": cold, "mad_us": 0.01, "floor_us": 1.0, "floor_cold_us": 1.5, "verified": True, **more,
    }  # fmt: skip


LINES = [
    HEADER,
    result("a", "floor", 1, 1.5),
    result("a", "topkit", 4, 5, target_hot_us=4, target_cold_us=4, roof_percent=12.4),
    result("a", "topkit", 2, 2, forced=True),  # not the plan's choice: no result of topkit's
    result("a", "cub sort", 40, 50),
    result("a", "cub topk", 8, 8, sorted=False),
    result("a", "torch 2.11.0", 44, 60, topkit_us=4.4, topkit_cold_us=5, floor_us=None),
    result("a", "wrong", 1, 1, verified=False),
    {"refused": "no", "case": "b", "distribution": "normal", "peer": "topkit", "algorithm": "warp"},
    result("b", "topkit", 10, 12, target_hot_us=5, target_cold_us=6),
    result("b", "cub sort", 5, 24),
]


def written(folder, lines, text=None):
    path = pathlib.Path(folder) / "x.json"
    path.write_text(text if text is not None else "[\n" + ",\n".join(json.dumps(line) for line in lines) + "\n]\n")
    return path


class GpuResults(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def test_ratios_are_formed_in_the_run_that_both_were_in(self):
        header, results = gpu_results.read(written(self.folder.name, LINES))
        self.assertEqual(header, HEADER)
        a, b = gpu_results.rows(results)
        self.assertEqual([a.case, b.case], ["a", "b"])
        self.assertEqual(a.own["hot_us"], 4)
        self.assertAlmostEqual(a.rival("torch").hot, 10)
        self.assertAlmostEqual(a.rival("torch").cold, 12)
        self.assertIsNone(a.rival("wrong"))
        self.assertEqual(a.best().name, "cub topk")
        self.assertAlmostEqual(a.best(ordered=True).hot, 10)  # cub sort, torch
        self.assertAlmostEqual(a.over_target("cold"), 1.25)

    def test_the_summary_names_losses_first_and_the_means(self):
        path = written(self.folder.name, LINES)
        out = subprocess.run([sys.executable, ROOT / "tools/gpu_summary.py", path, "--heat", "hot"], capture_output=True, text=True, check=True).stdout
        lines = out.splitlines()
        cases = [line.split()[0] for line in lines if line[:2] in ("a ", "b ")]
        self.assertEqual(cases, ["b", "a"])
        self.assertIn("torch / topkit, hot: geometric mean 10.00 over 1 cases (goal 14), least 10.00 (goal 4.5)", lines)
        self.assertIn("best any / topkit, hot: geometric mean 1.00 over 2 cases (goal 2.6), least 0.50", lines)
        self.assertIn("topkit / target, hot: geometric mean 1.41 over 2 cases (goal 1.1), greatest 2.00 (goal 1.35), 1 cases above", lines)

    def test_the_table_has_a_line_a_case_and_says_where_it_is_from(self):
        text = readme_table.gpu_table(written(self.folder.name, LINES))
        self.assertIn("| f32 | 1 x 50304, 50 | 4.0 / 5.0 | 1.0 / 1.5 | 12 % | 10x | 2.0x cub topk |", text)
        self.assertIn("| f32 | 1 x 50304, 50 | 10.0 / 12.0 | 1.0 / 1.5 |  |  | cub alone was timed |", text)
        self.assertIn("On one GPU X", text)
        self.assertIn("3.20 TB/s measured, an empty kernel 0.70 us; 2026-01-02, commit abc.", text)
        elsewhere = [dict(line, commit="def") if line.get("peer") == "cub sort" else line for line in LINES]
        text = readme_table.gpu_table(written(self.folder.name, elsewhere))
        self.assertIn("2026-01-02, commit abc; cub sort at def, in a run of its own.", text)

    def test_a_broken_file_is_named_with_its_line(self):
        for text, complaint in (
            ("", "holds no results"),
            (json.dumps(HEADER) + "\n{\"case\": ", "line 2: is no JSON"),
            ("3\n", "line 1: is no JSON object"),
            ('{"case": "a"}\n', "line 1: has no field peer"),
        ):
            with self.assertRaisesRegex(ValueError, complaint):
                gpu_results.read(written(self.folder.name, None, text))
            path = pathlib.Path(self.folder.name) / "x.json"
            run = subprocess.run([sys.executable, ROOT / "tools/gpu_summary.py", path], capture_output=True, text=True)
            self.assertEqual(run.returncode, 1)
            self.assertIn("x.json", run.stderr)


if __name__ == "__main__":
    unittest.main()
