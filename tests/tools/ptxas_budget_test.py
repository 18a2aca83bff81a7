"""The budget tool finds what it is for: spills and growth."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import ptxas_budget  # noqa: E402

LOG = """ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function '_Z1aILi4EEvPf' for 'sm_90a'
ptxas info    : Function properties for _Z1aILi4EEvPf
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 33 registers, used 1 barriers, 144 bytes smem
ptxas info    : Compiling entry function '_Z1aILi4EEvPf' for 'sm_80'
ptxas info    : Function properties for _Z1aILi4EEvPf
    16 bytes stack frame, 4 bytes spill stores, 8 bytes spill loads
ptxas info    : Used 30 registers, used 1 barriers, 160 bytes smem, 376 bytes cmem[0]
ptxas info    : Compiling entry function '_Z1bv' for 'sm_120'
ptxas info    : Function properties for _Z1bv
    64 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 99 registers, 376 bytes cmem[0]
ptxas info    : Compiling entry function '_Z1bv' for 'sm_80'
ptxas info    : Function properties for _Z1bv
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 8 registers, 376 bytes cmem[0]
"""


class PtxasBudget(unittest.TestCase):
    def setUp(self):
        self.kernels = ptxas_budget.parse(LOG)

    def test_reads_the_largest_of_the_budgeted_architectures(self):
        self.assertEqual(
            self.kernels["_Z1aILi4EEvPf"], {"registers": 40, "stack": 16, "shared": 160, "spills": 12})
        self.assertEqual(self.kernels["_Z1bv"], {"registers": 8, "stack": 0, "shared": 0, "spills": 0})

    def test_names_are_short(self):
        self.assertEqual(
            ptxas_budget.short("void topkit::cuda::(anonymous namespace)::k<topkit::cuda::F32, (int)4>(topkit::Args)"),
            "k<F32, (int)4>")

    def test_spills_are_never_allowed(self):
        budget = {"*": [255, 1000, 1000]}
        self.assertEqual(list(ptxas_budget.complaints(self.kernels, budget)),
                         ["_Z1aILi4EEvPf: 12 bytes spilled; none are allowed"])

    def test_growth_is_found_field_by_field(self):
        self.kernels["_Z1aILi4EEvPf"]["spills"] = 0
        budget = {"*": [0, 0, 0], "_Z1aILi4EEvPf": [40, 16, 160], "_Z1bv": [8, 0, 0]}
        self.assertEqual(list(ptxas_budget.complaints(self.kernels, budget)), [])
        for i, field in enumerate(ptxas_budget.FIELDS):
            tight = {**budget, "_Z1aILi4EEvPf": [*budget["_Z1aILi4EEvPf"]]}
            tight["_Z1aILi4EEvPf"][i] -= 1
            (complaint,) = ptxas_budget.complaints(self.kernels, tight)
            self.assertIn(field, complaint)

    def test_a_kernel_without_a_line_is_held_to_the_common_one(self):
        self.kernels["_Z1aILi4EEvPf"]["spills"] = 0
        self.assertEqual(list(ptxas_budget.complaints(self.kernels, {"*": [40, 16, 160]})), [])
        (complaint,) = ptxas_budget.complaints(self.kernels, {"*": [32, 16, 160], "_Z1bv": [8, 0, 0]})
        self.assertIn("40 registers, the budget is 32 for a kernel without a line", complaint)


if __name__ == "__main__":
    unittest.main()
