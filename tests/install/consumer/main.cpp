// C++20: the same, and an error that is thrown.
#include <cstdio>
#include <topkit/topkit.hpp>
#include <vector>

int main() {
  const std::vector<float> x{1, 9, 3, 9, 5, 2};
  const auto best = topkit::topk(x, 2);
  try {
    topkit::topk(x, 7);
    return 1;
  } catch (const topkit::Error& error) {
    std::printf("topkit %s: at %d and %d; %s\n", tk_version(), static_cast<int>(best.indices[0]),
                static_cast<int>(best.indices[1]), error.what());
  }
  return best.indices[0] == 1 && best.indices[1] == 3 ? 0 : 1;
}
