#include "options.hpp"

#include <array>
#include <cstddef>

#include "status.hpp"
#include "versioned.hpp"

namespace topkit {
namespace {

constexpr std::array<std::size_t, 17> kBorders = {offsetof(tk_options, size),
                                                  offsetof(tk_options, largest),
                                                  offsetof(tk_options, order),
                                                  offsetof(tk_options, nan),
                                                  offsetof(tk_options, axis),
                                                  offsetof(tk_options, lengths),
                                                  offsetof(tk_options, starts),
                                                  offsetof(tk_options, row_k),
                                                  offsetof(tk_options, ids),
                                                  offsetof(tk_options, fill),
                                                  offsetof(tk_options, algorithm),
                                                  offsetof(tk_options, isa),
                                                  offsetof(tk_options, threads),
                                                  offsetof(tk_options, parallel_for),
                                                  offsetof(tk_options, pool),
                                                  offsetof(tk_options, tuning),
                                                  sizeof(tk_options)};

}  // namespace

tk_options read_options(const tk_options* options) {
  tk_options result;
  tk_options_init(&result);
  if (options == nullptr) return result;
  read_versioned("options", *options, kBorders, result);
  if (result.largest != 0 && result.largest != 1) invalid("largest = {}: must be 0 or 1", result.largest);
  if (result.order < TK_ORDER_VALUE || result.order > TK_ORDER_ANY)
    invalid("order = {}: must be TK_ORDER_VALUE (0), TK_ORDER_INDEX (1) or TK_ORDER_ANY (2)", result.order);
  if (result.nan < TK_NAN_LARGEST || result.nan > TK_NAN_LAST)
    invalid("nan = {}: must be TK_NAN_LARGEST (0) or TK_NAN_LAST (1)", result.nan);
  if (result.threads < 0) invalid("threads = {}: must be 0 (as many as pay) or more", result.threads);
  return result;
}

}  // namespace topkit

void tk_options_init(tk_options* options) {
  if (options == nullptr) return;
  *options = tk_options{.size = sizeof(tk_options),
                        .largest = 1,
                        .order = TK_ORDER_VALUE,
                        .nan = TK_NAN_LARGEST,
                        .axis = -1,
                        .lengths = nullptr,
                        .starts = nullptr,
                        .row_k = nullptr,
                        .ids = nullptr,
                        .fill = nullptr,
                        .algorithm = nullptr,
                        .isa = nullptr,
                        .threads = 0,
                        .parallel_for = nullptr,
                        .pool = nullptr,
                        .tuning = nullptr};
}
