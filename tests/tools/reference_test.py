"""The reference pages are what the headers say, and say of each declaration what its comment does."""

import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import reference  # noqa: E402

HEADER = """// What the file is for.
//
//   example(1);
#include <vector>

namespace topkit {

// Holds one.
class Held {
 public:
  explicit Held(int value) : value_(value) {}
  int get() const { return value_; }

 private:
  int value_;
};

namespace detail {
inline void hidden() {}
}  // namespace detail

// Takes it.
inline int take(const Held& held) {
  if (held.get() > 0) { return 1; }
  return 0;
}
inline int take(int value) { return value; }

}  // namespace topkit
"""


class Reference(unittest.TestCase):
    def test_the_pages_of_this_repository_are_up_to_date(self):
        done = subprocess.run([sys.executable, ROOT / "tools/reference.py", "--check"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_declarations_come_with_their_comments_and_without_bodies(self):
        found = reference.items(HEADER)
        self.assertEqual([comment for comment, _ in found],
                         [["What the file is for.", "", "  example(1);"], ["Holds one."], ["Takes it."], []])
        held = reference.without_bodies(found[1][1])
        self.assertIn("explicit Held(int value);", held)
        self.assertIn("int get() const;", held)
        self.assertNotIn("value_", held)
        self.assertEqual(reference.without_bodies(found[2][1]), "inline int take(const Held& held);")
        self.assertEqual(reference.name_of(found[2][1]), "take")

    def test_a_list_of_arguments_stays_as_it_lies(self):
        text = reference.markdown(["Does.", "", "x    [rows]: this", "     and that", "k    a number", "", "End."], "h")
        self.assertEqual(text, "Does.\n\n```h\nx    [rows]: this\n     and that\nk    a number\n```\n\nEnd.")


if __name__ == "__main__":
    unittest.main()
