#include "cli/safetensors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/support.hpp"

namespace topkit::cli {
namespace {

using test::as_bytes;
using test::failure;
using test::safetensors;
using testing::AllOf;
using testing::HasSubstr;

TensorView safetensors_view(const std::string& bytes, std::string_view tensor = "") {
  return read_safetensors(as_bytes(bytes), "'a.safetensors'", tensor);
}

std::string refused_safetensors(const std::string& bytes, std::string_view tensor = "") {
  return failure([&] { safetensors_view(bytes, tensor); });
}

// A file of one tensor "x".
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets,
                const std::string& data) {
  return safetensors(R"({"x":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}",
                     data);
}

TEST(Safetensors, ReadsEveryTypeOfTheContract) {
  const std::vector<std::pair<std::string, DType>> types{
      {"F32", DType::f32},        {"F16", DType::f16},        {"BF16", DType::bf16}, {"F64", DType::f64},
      {"F8_E4M3", DType::f8e4m3}, {"F8_E5M2", DType::f8e5m2}, {"I8", DType::i8},     {"I16", DType::i16},
      {"I32", DType::i32},        {"I64", DType::i64},        {"U8", DType::u8},     {"U16", DType::u16},
      {"U32", DType::u32},        {"U64", DType::u64}};
  ASSERT_EQ(types.size(), static_cast<std::size_t>(kDTypes));
  for (const auto& [word, dtype] : types) {
    const std::string data(static_cast<std::size_t>(6 * bytes(dtype)), 'x');
    const std::string file = one(word, "[2,3]", "[0," + std::to_string(data.size()) + "]", data);
    const TensorView view = safetensors_view(file);
    EXPECT_EQ(view.dtype, dtype) << word;
    EXPECT_EQ(view.shape, (Shape{2, 3}));
    EXPECT_EQ(view.strides, (Shape{3, 1}));
    EXPECT_EQ(file.substr(view.offset), data);
  }
}

constexpr const char* kTwo = R"({"__metadata__":{"format":"pt"},
  "b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]},"a":{"dtype":"I8","shape":[3],"data_offsets":[0,3]}})";

TEST(Safetensors, PicksTheTensorByName) {
  const std::string file = safetensors(kTwo, "aaabb");
  EXPECT_EQ(file.substr(safetensors_view(file, "a").offset, 3), "aaa");
  EXPECT_EQ(file.substr(safetensors_view(file, "b").offset), "bb");
}

TEST(Safetensors, SeveralTensorsWithoutANameAreListed) {
  const std::string file = safetensors(kTwo, "aaabb");
  EXPECT_THAT(refused_safetensors(file), AllOf(HasSubstr("holds 2 tensors, name one with --tensor: 'a', 'b'")));
  EXPECT_THAT(refused_safetensors(file, "c"), AllOf(HasSubstr("--tensor = 'c'"), HasSubstr("it has 'a', 'b'")));
  EXPECT_THAT(refused_safetensors(safetensors("{}", "")), HasSubstr("holds no tensor"));
}

TEST(Safetensors, RangesMustLieInTheFileAndNeitherOverlapNorLeaveHoles) {
  EXPECT_THAT(refused_safetensors(one("U8", "[4]", "[0,4]", "abc")), HasSubstr("outside the 3 bytes of data"));
  EXPECT_THAT(refused_safetensors(one("U8", "[4]", "[9223372036854775807,3]", "abc")), HasSubstr("outside"));
  EXPECT_THAT(refused_safetensors(one("U8", "[1]", "[2,1]", "abc")), HasSubstr("outside"));
  EXPECT_THAT(refused_safetensors(one("U8", "[2]", "[1,3]", "abc")), HasSubstr("neither overlap nor leave holes"));
  EXPECT_THAT(refused_safetensors(one("U8", "[2]", "[0,2]", "abc")), HasSubstr("end at byte 2 of 3"));
  EXPECT_THAT(refused_safetensors(safetensors(R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},
    "b":{"dtype":"U8","shape":[3],"data_offsets":[2,5]}})",
                                              "abcde"),
                                  "a"),
              HasSubstr("neither overlap"));
}

TEST(Safetensors, ShapeMustMatchItsRange) {
  EXPECT_THAT(refused_safetensors(one("F32", "[2]", "[0,4]", "abcd")),
              HasSubstr("needs 8 bytes, its data_offsets give 4"));
  EXPECT_THAT(refused_safetensors(one("F32", "[4611686018427387904,4]", "[0,4]", "abcd")),
              HasSubstr("more than 2^63 - 1 bytes"));
  EXPECT_THAT(refused_safetensors(one("F32", "[99999999999999999999]", "[0,4]", "abcd")),
              HasSubstr("whole number of 64 bits"));
  EXPECT_THAT(refused_safetensors(one("F32", "[18446744073709551615]", "[0,4]", "abcd")), HasSubstr("beyond 2^63 - 1"));
  EXPECT_THAT(refused_safetensors(one("F32", "[-1]", "[0,4]", "abcd")), HasSubstr("has -1 in its shape"));
  EXPECT_THAT(refused_safetensors(one("F32", "[1.5]", "[0,4]", "abcd")), HasSubstr("whole number"));
  EXPECT_THAT(refused_safetensors(one("F32", "[]", "[0,4]", "abcd")), HasSubstr("no axis"));
  EXPECT_THAT(refused_safetensors(one("F32", "[1]", "[0,4,8]", "abcd")), HasSubstr("3 data_offsets"));
}

TEST(Safetensors, UnknownTypesAreRefusedOnlyWhenChosen) {
  const std::string file = safetensors(R"({"a":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]},
    "b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}})",
                                       "aaabb");
  EXPECT_EQ(safetensors_view(file, "b").dtype, DType::u8);
  EXPECT_THAT(refused_safetensors(file, "a"), HasSubstr("dtype 'BOOL', which is not supported"));
}

TEST(Safetensors, HeadersOfAnotherFormAreRefused) {
  for (const std::string header :
       {R"({"x":1})", R"({"x":[]})", R"({"x":null})", R"({"x":{"dtype":{}}})", R"({"x":{"dtype":1}})",
        R"({"x":{"shape":"2"}})", R"({"x":{"shape":[[1]]}})", R"({"x":{"shape":[true]}})", R"({"x":{"dtype":"U8"}})",
        R"({"x":{"evil":1}})", R"({"x":{"dtype":"U8","dtype":"U8"}})", R"({"__metadata__":{"a":{}}})",
        R"({"__metadata__":{"a":[1]}})", R"({"x")", "{", "{}}",
        R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})"})
    EXPECT_THAT(refused_safetensors(safetensors(header, "a")), HasSubstr("'a.safetensors'")) << header;
}

TEST(Safetensors, DeepNestingIsRefusedAtItsFirstLevel) {
  const std::string deep = R"({"x":{"shape":)" + std::string(1 << 20, '[');
  EXPECT_THAT(refused_safetensors(safetensors(deep, "")), HasSubstr("has an array where the format has none"));
  std::string objects = "{";
  for (int i = 0; i < 100000; ++i) objects += R"("a":{)";
  EXPECT_NE(refused_safetensors(safetensors(objects, "")), "");
}

TEST(Safetensors, EveryTruncationIsRefused) {
  const std::string file = safetensors(kTwo, "aaabb");
  for (std::size_t size = 0; size < file.size(); ++size)
    EXPECT_NE(refused_safetensors(file.substr(0, size), "a"), "") << size;
  EXPECT_THAT(refused_safetensors(""), HasSubstr("is empty"));
  EXPECT_THAT(refused_safetensors(std::string(8, '\xff') + "{}"), HasSubstr("longer than"));
}

}  // namespace
}  // namespace topkit::cli
