#include "cpu/columns.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace topkit::cpu {
namespace {

TEST(Columns, EveryElementArrivesWhateverTheWidthAndTheSteps) {
  for (const int size : {1, 2, 4, 8})
    for (const std::int64_t rows : {1, 3, 16, 37})
      for (const std::int64_t cols : {1, 5, 16, 50})
        for (const std::int64_t apart : {1, 3}) {  // elements between neighbouring rows
          const std::int64_t column_step = rows * apart + 2;
          std::vector<std::byte> source(static_cast<std::size_t>(cols * column_step * size));
          for (std::size_t i = 0; i < source.size(); ++i) source[i] = static_cast<std::byte>(i * 167 + (i >> 8) * 91);
          const std::int64_t out_step = cols * size + 3;
          std::vector<std::byte> out(static_cast<std::size_t>(rows * out_step), std::byte{0xEE});
          gather({source.data(), apart * size, column_step * size, rows, cols, size}, out.data(), out_step);
          for (std::int64_t r = 0; r < rows; ++r) {
            for (std::int64_t c = 0; c < cols; ++c)
              ASSERT_EQ(std::memcmp(&out[static_cast<std::size_t>(r * out_step + c * size)],
                                    &source[static_cast<std::size_t>((r * apart + c * column_step) * size)],
                                    static_cast<std::size_t>(size)),
                        0)
                  << size << " bytes, row " << r << " of " << rows << ", column " << c << " of " << cols;
            for (std::int64_t i = cols * size; i < out_step; ++i)
              ASSERT_EQ(out[static_cast<std::size_t>(r * out_step + i)], std::byte{0xEE}) << "written behind row " << r;
          }
        }
}

TEST(Columns, ATileTakesTheRowsOfOneCacheLine) {
  EXPECT_EQ(tile_rows({nullptr, 4, 4000, 1000, 10, 4}), 16);
  EXPECT_EQ(tile_rows({nullptr, 1, 4000, 1000, 10, 1}), 64);
  EXPECT_EQ(tile_rows({nullptr, 4, 4000, 7, 10, 4}), 7);
  EXPECT_EQ(tile_rows({nullptr, 4000, 8, 1000, 10, 4}), 1);
  EXPECT_EQ(tile_rows({nullptr, 0, 8, 1000, 10, 4}), 1);
}

}  // namespace
}  // namespace topkit::cpu
