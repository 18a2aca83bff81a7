#include "real_logits.hpp"

// The file as it is: 8 bytes of length and a header of 1016, then the logits (model/safetensors.py). The assembler reads it,
// for a compiler takes half a minute over a megabyte of numbers.
asm(R"(
  .pushsection .rodata
  .balign 64
  .globl topkit_bench_real_logits
topkit_bench_real_logits:
  .incbin ")" TOPKIT_REAL_LOGITS R"(", 1024, 1048576
  .popsection
)");

extern "C" const float topkit_bench_real_logits[topkit::bench::kRealRows * topkit::bench::kRealCols];
static_assert(sizeof topkit_bench_real_logits == 1048576);

namespace topkit::bench {

std::span<const float> real_logits() { return topkit_bench_real_logits; }

}  // namespace topkit::bench
