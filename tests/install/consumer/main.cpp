// C++20: the same through the C interface.
#include <topkit/topkit.h>

#include <cstdio>

int main() {
  std::printf("topkit %s\n", tk_version());
  return tk_algorithm_count() > 0 && tk_isa_count() > 0 ? 0 : 1;
}
