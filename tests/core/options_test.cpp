// tk_options of any version of the struct.
#include "options.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "call.hpp"
#include "status.hpp"

namespace topkit::test {
namespace {

std::string sentence(const tk_options& options) {
  try {
    read_options(&options);
    return "";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.status(), TK_INVALID_ARGUMENT);
    return failure.what();
  }
}

tk_options defaults() {
  tk_options options;
  tk_options_init(&options);
  return options;
}

TEST(Options, InitWritesTheDocumentedDefaults) {
  tk_options options;
  std::memset(&options, 0x5a, sizeof(options));
  tk_options_init(&options);
  EXPECT_EQ(options.size, sizeof(tk_options));
  EXPECT_EQ(options.largest, 1);
  EXPECT_EQ(options.order, TK_ORDER_VALUE);
  EXPECT_EQ(options.nan, TK_NAN_LARGEST);
  EXPECT_EQ(options.axis, -1);
  EXPECT_EQ(options.threads, 0);
  for (const void* pointer : {static_cast<const void*>(options.lengths), static_cast<const void*>(options.starts),
                              static_cast<const void*>(options.row_k), static_cast<const void*>(options.ids),
                              options.fill, static_cast<const void*>(options.algorithm),
                              static_cast<const void*>(options.isa), static_cast<const void*>(options.pool)})
    EXPECT_EQ(pointer, nullptr);
  EXPECT_EQ(options.parallel_for, nullptr);
  tk_options_init(nullptr);
}

TEST(Options, NullMeansTheDefaults) {
  const tk_options read = read_options(nullptr), expected = defaults();
  EXPECT_EQ(read.axis, expected.axis);
  EXPECT_EQ(read.largest, expected.largest);
}

TEST(Options, FieldsAnOlderVersionDidNotHaveKeepTheirDefaults) {
  tk_options options = defaults();
  options.largest = 0;
  options.order = TK_ORDER_ANY;
  options.axis = 7;
  options.algorithm = "split";
  options.size = offsetof(tk_options, axis);
  tk_options read = read_options(&options);
  EXPECT_EQ(read.largest, 0);
  EXPECT_EQ(read.order, TK_ORDER_ANY);
  EXPECT_EQ(read.axis, -1);
  EXPECT_EQ(read.algorithm, nullptr);
  options.size = offsetof(tk_options, isa);
  read = read_options(&options);
  EXPECT_EQ(read.axis, 7);
  EXPECT_STREQ(read.algorithm, "split");
}

TEST(Options, AFieldCutInHalfCountsAsAbsent) {
  tk_options options = defaults();
  options.algorithm = "split";
  options.size = offsetof(tk_options, algorithm) + 4;
  EXPECT_EQ(read_options(&options).algorithm, nullptr);
}

TEST(Options, EverySmallerSizeReadsNoByteBeyondIt) {
  const tk_options options = defaults();
  for (std::size_t size = sizeof(std::size_t); size <= sizeof(tk_options); ++size) {
    std::vector<unsigned char> exact(size);  // AddressSanitizer watches its end
    std::memcpy(exact.data(), &options, size);
    std::memcpy(exact.data(), &size, sizeof(size));
    const tk_options read = read_options(reinterpret_cast<const tk_options*>(exact.data()));
    // Every field has its default, up to the padding behind `threads`.
    EXPECT_EQ(std::memcmp(&read, &options, offsetof(tk_options, threads) + sizeof(read.threads)), 0) << "size " << size;
    EXPECT_EQ(read.parallel_for, nullptr);
    EXPECT_EQ(read.pool, nullptr);
    EXPECT_EQ(read.tuning, nullptr);
  }
}

TEST(Options, ANewerVersionsFieldsMustBeUnset) {
  struct Newer {
    tk_options known;
    std::int64_t added;
  } newer{defaults(), 0};
  newer.known.size = sizeof(Newer);
  EXPECT_EQ(sentence(newer.known), "");
  newer.added = 1;
  EXPECT_EQ(sentence(newer.known),
            "options.size = 120: byte 112 is set by a newer version; topkit 0.1.0 knows 112 bytes");
}

TEST(Options, RefusesASizeNobodySet) {
  tk_options options = defaults();
  options.size = 0;
  EXPECT_EQ(sentence(options), "options.size = 0: not a size of any version; call tk_options_init first");
  options.size = 0x5a5a5a5a5a5a5a5a;
  EXPECT_EQ(sentence(options),
            "options.size = 6510615555426900570: not a size of any version; call tk_options_init first");
}

TEST(Options, RefusesScalarsOutOfRange) {
  tk_options options = defaults();
  options.largest = 2;
  EXPECT_EQ(sentence(options), "largest = 2: must be 0 or 1");
  options = defaults();
  options.order = 3;
  EXPECT_EQ(sentence(options), "order = 3: must be TK_ORDER_VALUE (0), TK_ORDER_INDEX (1) or TK_ORDER_ANY (2)");
  options.order = -1;
  EXPECT_EQ(sentence(options), "order = -1: must be TK_ORDER_VALUE (0), TK_ORDER_INDEX (1) or TK_ORDER_ANY (2)");
  options = defaults();
  options.nan = 2;
  EXPECT_EQ(sentence(options), "nan = 2: must be TK_NAN_LARGEST (0) or TK_NAN_LAST (1)");
  options = defaults();
  options.threads = -1;
  EXPECT_EQ(sentence(options), "threads = -1: must be 0 (as many as pay) or more");
}

TEST(Options, RefusalsReachTheCaller) {
  SmallCall call;
  call.options.order = 9;
  EXPECT_EQ(call.refusal(),
            "invalid argument: order = 9: must be TK_ORDER_VALUE (0), TK_ORDER_INDEX (1) or TK_ORDER_ANY (2)");
}

}  // namespace
}  // namespace topkit::test
