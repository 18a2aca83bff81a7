// Tensors of any rank and any strides give the answers of the same elements packed.
#include "slabs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "call.hpp"

namespace topkit::test {
namespace {

using Dims = std::vector<std::int64_t>;

// Strides for `shape` with the axes nested in `order` (innermost first) and `gap` unused elements after every axis.
Dims strides_in_order(const Dims& shape, const Dims& order, std::int64_t gap) {
  Dims strides(shape.size());
  std::int64_t step = 1;
  for (const std::int64_t axis : order) {
    strides[static_cast<std::size_t>(axis)] = step;
    step = step * shape[static_cast<std::size_t>(axis)] + gap;
  }
  return strides;
}

std::int64_t reach(const Dims& shape, const Dims& strides) {
  std::int64_t last = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) last += (shape[i] - 1) * strides[i];
  return last + 1;
}

// Calls body(position in row-major order, offset by strides) for every element.
template <class Body>
void for_each_place(const Dims& shape, const Dims& strides, Body&& body) {
  const std::int64_t total = std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
  for (std::int64_t i = 0; i < total; ++i) {
    std::int64_t rest = i, offset = 0;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      offset += rest % shape[axis] * strides[axis];
      rest /= shape[axis];
    }
    body(i, offset);
  }
}

TEST(Slabs, OfAnyStridesAnswerAsPackedTensors) {
  const Dims shape{3, 2, 4, 2, 5};
  std::mt19937_64 random(11);
  for (int round = 0; round < 200; ++round) {
    Dims order(shape.size());
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), random);
    const Dims strides = strides_in_order(shape, order, static_cast<std::int64_t>(random() % 3));
    const int axis = static_cast<int>(random() % shape.size());
    const std::int64_t k = 1 + static_cast<std::int64_t>(random() % 2);
    Dims out_shape = shape;
    out_shape[static_cast<std::size_t>(axis)] = k;
    std::shuffle(order.begin(), order.end(), random);
    const Dims out_strides = strides_in_order(out_shape, order, static_cast<std::int64_t>(random() % 3));
    SCOPED_TRACE(testing::Message() << "strides " << testing::PrintToString(strides) << " outputs "
                                    << testing::PrintToString(out_strides) << " axis " << axis << " k " << k);

    OwnTensor packed(kF32, shape), view(kF32, shape, reach(shape, strides));
    OwnTensor values(kF32, out_shape), indices(kI64, out_shape);
    OwnTensor spread_values(kF32, out_shape, reach(out_shape, out_strides));
    OwnTensor spread_indices(kI64, out_shape, reach(out_shape, out_strides));
    const std::int64_t rows = 240 / shape[static_cast<std::size_t>(axis)];
    OwnTensor lengths(kI32, {rows}), ids(kI64, {rows, shape[static_cast<std::size_t>(axis)]});
    for (std::int64_t r = 0; r < rows; ++r)
      lengths.as<std::int32_t>()[r] =
          static_cast<std::int32_t>(random() % static_cast<std::uint64_t>(shape[static_cast<std::size_t>(axis)] + 1));
    for (std::int64_t& id : ids.room) id = static_cast<std::int64_t>(random() >> 1);
    view.stride(strides);
    spread_values.stride(out_strides);
    spread_indices.stride(out_strides);
    for_each_place(shape, strides, [&](std::int64_t i, std::int64_t offset) {
      view.as<float>()[offset] = packed.as<float>()[i] = static_cast<float>(random() % 7);
    });
    tk_options options;
    tk_options_init(&options);
    options.axis = axis;
    if (round % 2 == 0) options.lengths = &lengths.dl;
    if (round % 3 == 0) options.ids = &ids.dl;
    ASSERT_EQ(tk_topk(&packed.dl, k, &options, &values.dl, &indices.dl, nullptr, nullptr), TK_OK) << tk_last_error();
    ASSERT_EQ(tk_topk(&view.dl, k, &options, &spread_values.dl, &spread_indices.dl, nullptr, nullptr), TK_OK)
        << tk_last_error();
    for_each_place(out_shape, out_strides, [&](std::int64_t i, std::int64_t offset) {
      ASSERT_EQ(spread_values.as<float>()[offset], values.as<float>()[i]) << "place " << i;
      ASSERT_EQ(spread_indices.as<std::int64_t>()[offset], indices.as<std::int64_t>()[i]) << "place " << i;
    });
  }
}

TEST(Slabs, AreAsFewAsTheStridesAllow) {
  OwnTensor x(kF32, {3, 2, 4, 2, 5}, 1000);
  const auto slabs = [&](Dims strides, int axis) {
    x.stride(std::move(strides));
    const Tensor tensor = read_tensor("x", x.dl, Use::query);
    return walk(tensor, nullptr, nullptr, axis, axes_to_walk(tensor, nullptr, nullptr, axis), 48).count;
  };
  EXPECT_EQ(slabs({80, 40, 10, 5, 1}, 4), 1);
  EXPECT_EQ(slabs({90, 40, 10, 5, 1}, 4), 1) << "two strides are a layout";
  EXPECT_EQ(slabs({90, 40, 10, 5, 1}, 2), 3);
  EXPECT_EQ(slabs({200, 90, 20, 6, 1}, 4), 3 * 2);
}

TEST(Slabs, AreExplained) {
  OwnTensor x(kF32, {2, 2, 2, 3}, 200);
  x.stride({48, 14, 6, 1});
  std::string text(1000, '\0');
  ASSERT_EQ(tk_explain(&x.dl, 1, nullptr, text.data(), text.size(), nullptr), TK_OK) << tk_last_error();
  EXPECT_EQ(text.find("problem: 4x3 f32"), 0U) << text;
  EXPECT_NE(text.find("\nslabs: 2\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace topkit::test
