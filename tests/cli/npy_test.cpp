#include "cli/npy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/support.hpp"

namespace topkit::cli {
namespace {

using test::as_bytes;
using test::failure;
using test::npy;
using testing::HasSubstr;

TensorView npy_view(const std::string& bytes, std::optional<DType> dtype = {}) {
  return read_npy(as_bytes(bytes), "'a.npy'", dtype);
}

std::string refused_npy(const std::string& bytes, std::optional<DType> dtype = {}) {
  return failure([&] { npy_view(bytes, dtype); });
}

std::string dict(const std::string& descr, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

TEST(Npy, ReadsEveryTypeNumPyCanName) {
  const std::vector<std::pair<std::string, DType>> types{
      {"<f4", DType::f32}, {"<f2", DType::f16}, {"<f8", DType::f64}, {"|i1", DType::i8},  {"<i2", DType::i16},
      {"<i4", DType::i32}, {"<i8", DType::i64}, {"|u1", DType::u8},  {"<u2", DType::u16}, {"<u4", DType::u32},
      {"<u8", DType::u64}, {"=f4", DType::f32}, {">u1", DType::u8},  {"f8", DType::f64}};
  for (const auto& [descr, dtype] : types) {
    const std::string data(static_cast<std::size_t>(6 * bytes(dtype)), 'x');
    const TensorView view = npy_view(npy(dict(descr, "(2, 3)"), data));
    EXPECT_EQ(view.dtype, dtype) << descr;
    EXPECT_EQ(view.shape, (Shape{2, 3})) << descr;
    EXPECT_EQ(view.strides, (Shape{3, 1})) << descr;
    EXPECT_EQ(view.size, data.size()) << descr;
  }
}

TEST(Npy, ReadsVersionsOneToThree) {
  for (const int version : {1, 2, 3}) {
    const std::string file = npy(dict("<f4", "(2,)"), "abcdefgh", version);
    const TensorView view = npy_view(file);
    EXPECT_EQ(file.substr(view.offset), "abcdefgh") << version;
  }
  EXPECT_THAT(refused_npy(npy(dict("<f4", "(2,)"), "abcdefgh", 4)), HasSubstr("version 4.0 is not known"));
}

TEST(Npy, FortranOrderBecomesStrides) {
  const TensorView view = npy_view(npy(dict("|u1", "(2, 3, 4)", "True"), std::string(24, 'x')));
  EXPECT_EQ(view.strides, (Shape{1, 2, 6}));
}

TEST(Npy, SmallFloatsNeedTheirTypeNamed) {
  const std::string file = npy(dict("<V2", "(2,)"), "abcd");
  EXPECT_EQ(npy_view(file, DType::bf16).dtype, DType::bf16);
  EXPECT_THAT(refused_npy(file), HasSubstr("add --dtype bf16"));
  EXPECT_THAT(refused_npy(file, DType::f8e4m3), HasSubstr("--dtype f8e4m3 has 1 bytes, its elements (<V2) have 2"));
  EXPECT_EQ(npy_view(npy(dict("|V1", "(4,)"), "abcd"), DType::f8e5m2).dtype, DType::f8e5m2);
}

TEST(Npy, WhatIsWrittenIsReadBack) {
  for (int i = 0; i < kDTypes; ++i) {
    const auto dtype = static_cast<DType>(i);
    for (const Shape& shape : {Shape{5}, Shape{2, 3}, Shape{1, 0, 4}, Shape(kMostAxes, 1)}) {
      const auto size = static_cast<std::size_t>(dense_bytes(shape, dtype, "x"));
      const std::string header = npy_header(dtype, shape);
      EXPECT_EQ(header.size() % 64, 0U);
      const TensorView view = npy_view(header + std::string(size, 'x'), dtype);
      EXPECT_EQ(view.dtype, dtype);
      EXPECT_EQ(view.shape, shape);
      EXPECT_EQ(view.offset, header.size());
    }
  }
}

TEST(Npy, RefusesTypesItDoesNotTakeAndSaysWhich) {
  EXPECT_THAT(refused_npy(npy(dict(">f4", "(1,)"), "abcd")), HasSubstr("dtype '>f4' is big-endian"));
  for (const std::string descr : {"<c8", "|b1", "<U4", "<f16", "|O", "<M8[s]", "", "<", "<f3"})
    EXPECT_THAT(refused_npy(npy(dict(descr, "(1,)"), "abcdefgh")), HasSubstr("dtype '" + descr + "' is not supported"));
  EXPECT_THAT(refused_npy(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "abcd")),
              HasSubstr("structured"));
  EXPECT_THAT(refused_npy(npy(dict("<f4", "(1,)"), "abcd"), DType::f16),
              HasSubstr("--dtype f16 contradicts the file's own f32"));
}

TEST(Npy, RefusesShapesThatOverflow) {
  EXPECT_THAT(refused_npy(npy(dict("<f4", "(4611686018427387904, 4)"), "abcd")), HasSubstr("more than 2^63 - 1 bytes"));
  EXPECT_THAT(refused_npy(npy(dict("<f4", "(9223372036854775807,)"), "abcd")), HasSubstr("more than 2^63 - 1 bytes"));
  EXPECT_THAT(refused_npy(npy(dict("<f4", "(0, 9223372036854775807)"), "")), HasSubstr("more than 2^63 - 1 bytes"));
  EXPECT_THAT(refused_npy(npy(dict("<f4", "(99999999999999999999,)"), "abcd")), HasSubstr("beyond 64 bits"));
  EXPECT_THAT(refused_npy(npy(dict("<f4", "(-1,)"), "abcd")),
              HasSubstr("is '-1,), }': expected an extent of 0 or more"));
  EXPECT_THAT(refused_npy(npy(dict("<f4", "()"), "abcd")), HasSubstr("no axis"));
  std::string many;
  for (int i = 0; i < 65; ++i) many += "1, ";
  EXPECT_THAT(refused_npy(npy(dict("<f4", "(" + many + ")"), "abcd")), HasSubstr("more than 64 axes"));
}

TEST(Npy, RefusesDataThatIsNotWhatTheShapeNeeds) {
  EXPECT_THAT(refused_npy(npy(dict("<f4", "(2, 2)"), "abcd")), HasSubstr("needs 16 bytes of data, the file has 4"));
  EXPECT_THAT(refused_npy(npy(dict("<f4", "(1,)"), "abcdefgh")), HasSubstr("needs 4 bytes of data, the file has 8"));
}

TEST(Npy, EveryTruncationIsRefused) {
  for (const int version : {1, 2}) {
    const std::string file = npy(dict("<f4", "(2,)"), "abcdefgh", version);
    for (std::size_t size = 0; size < file.size(); ++size) EXPECT_NE(refused_npy(file.substr(0, size)), "") << size;
    EXPECT_EQ(refused_npy(file), "");
  }
  EXPECT_THAT(refused_npy(""), HasSubstr("is empty"));
  EXPECT_THAT(refused_npy("PK\x03\x04 not numpy"), HasSubstr("is not .npy"));
}

TEST(Npy, RefusesHeadersThatAreNotADictOfTheThreeKeys) {
  EXPECT_THAT(refused_npy(npy("", "")), HasSubstr("expected '{'"));
  EXPECT_THAT(refused_npy(npy("{}", "")), HasSubstr("lacks 'descr'"));
  EXPECT_THAT(refused_npy(npy("{'descr': '<f4', 'shape': (1,)}", "abcd")), HasSubstr("lacks 'fortran_order'"));
  EXPECT_THAT(refused_npy(npy("{'descr': '<f4', 'fortran_order': False}", "abcd")), HasSubstr("lacks 'shape'"));
  EXPECT_THAT(refused_npy(npy("{'shape': (1,), 'shape': (2,)}", "")), HasSubstr("names 'shape' twice"));
  EXPECT_THAT(refused_npy(npy("{'evil': 1}", "")), HasSubstr("key 'evil'"));
  EXPECT_THAT(refused_npy(npy("{'descr': '<f4", "")), HasSubstr("closing quote"));
  EXPECT_THAT(refused_npy(npy("{'fortran_order': Maybe}", "")), HasSubstr("True or False"));
  EXPECT_THAT(refused_npy(npy(dict("<f4", "(1,)") + "rm -rf", "abcd")), HasSubstr("nothing after the closing brace"));
  EXPECT_THAT(refused_npy(npy("{'\x1b[31m': 1}", "")), HasSubstr("'\\x1b[31m'"));
  EXPECT_THAT(refused_npy(npy(std::string(std::size_t{2} << 20, '('), "", 2)), HasSubstr("longer than"));
}

}  // namespace
}  // namespace topkit::cli
