#include "options.hpp"

#include <array>
#include <cstddef>
#include <cstring>

#include "status.hpp"

namespace topkit {
namespace {

// Where fields begin. A field is known when the next one's place lies within the size, so one cut in half is not.
constexpr std::array<std::size_t, 16> kBorders = {offsetof(tk_options, size),      offsetof(tk_options, largest),
                                                  offsetof(tk_options, order),     offsetof(tk_options, nan),
                                                  offsetof(tk_options, axis),      offsetof(tk_options, lengths),
                                                  offsetof(tk_options, starts),    offsetof(tk_options, row_k),
                                                  offsetof(tk_options, ids),       offsetof(tk_options, fill),
                                                  offsetof(tk_options, algorithm), offsetof(tk_options, isa),
                                                  offsetof(tk_options, threads),   offsetof(tk_options, parallel_for),
                                                  offsetof(tk_options, pool),      sizeof(tk_options)};

// No version will need more; a larger size is an options struct that nobody initialised.
constexpr std::size_t kLargestSize = 1024;

}  // namespace

tk_options read_options(const tk_options* options) {
  tk_options result;
  tk_options_init(&result);
  if (options == nullptr) return result;
  const std::size_t size = options->size;
  if (size < sizeof(size_t) || size > kLargestSize)
    invalid("options.size = {}: not a size of any version; call tk_options_init first", size);
  const auto* bytes = reinterpret_cast<const unsigned char*>(options);
  for (std::size_t i = sizeof(tk_options); i < size; ++i)
    if (bytes[i] != 0)
      invalid("options.size = {}: byte {} is set by a newer version; topkit {} knows {} bytes", size, i, tk_version(),
              sizeof(tk_options));
  std::size_t known = 0;
  for (const std::size_t border : kBorders)
    if (border <= size) known = border;
  std::memcpy(static_cast<void*>(&result), options, known);
  result.size = sizeof(tk_options);

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
                        .pool = nullptr};
}
