#include "problem.hpp"

#include "text.hpp"

namespace topkit {

std::string_view name(Order order) {
  switch (order) {
    case Order::value: return "value";
    case Order::index: return "index";
    case Order::any: return "any";
  }
  return "?";
}

std::string_view name(Nan nan) { return nan == Nan::largest ? "largest" : "last"; }

std::string_view name(DeviceKind device) { return device == DeviceKind::cpu ? "cpu" : "cuda"; }

std::string to_string(const Problem& p) {
  std::string text = formatted("{}x{} {} k={} {} order={}", p.rows, p.cols, name(p.dtype), p.k,
                               p.largest ? "largest" : "smallest", name(p.order));
  if (p.nan == Nan::last) text += " nan=last";
  if (p.has_lengths) text += " lengths";
  if (p.has_row_k) text += " row_k";
  if (p.has_ids) text += " ids";
  if (!p.wants_values) text += " indices-only";
  if (!p.wants_indices) text += " values-only";
  return text;
}

}  // namespace topkit
