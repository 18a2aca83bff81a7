// topkit topk: what it prints and writes is what the oracle selects.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/npy.hpp"
#include "cli/program.hpp"
#include "cli/support.hpp"
#include "support/oracle.hpp"

namespace topkit::cli {
namespace {

using nlohmann::json;
using test::Folder;
using test::raw;
using testing::HasSubstr;

// Numbers without pattern but with many ties.
std::vector<float> numbers(std::size_t count) {
  std::vector<float> x(count);
  std::uint32_t state = 1;
  for (float& value : x)
    value = static_cast<float>(static_cast<int>((state = state * 1664525U + 1013904223U) >> 25) - 64) / 4;
  return x;
}

std::string npy_f32(const Shape& shape, const std::vector<float>& x) { return npy_header(DType::f32, shape) + raw(x); }

json one_line(const test::Run& run) {
  EXPECT_EQ(run.code, 0) << run.err;
  return json::parse(run.out);
}

// Selecting along `axis` of a row-major tensor, by the oracle.
std::vector<std::vector<std::int64_t>> oracle(const Shape& shape, const Shape& strides, std::size_t axis,
                                              const std::vector<float>& x, std::int64_t k, bool largest) {
  std::vector<std::vector<std::int64_t>> rows;
  Shape at(shape.size(), 0);
  std::int64_t count = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) count *= i == axis ? 1 : shape[i];
  for (; count > 0; --count) {
    std::int64_t offset = 0;
    for (std::size_t i = 0; i < shape.size(); ++i) offset += at[i] * strides[i];
    rows.push_back(topkit::test::oracle_row(DType::f32, x.data() + offset, strides[axis], 0, shape[axis], k, largest,
                                            Nan::largest));
    for (std::size_t i = shape.size(); i-- > 0;) {
      if (i == axis) continue;
      if (++at[i] < shape[i]) break;
      at[i] = 0;
    }
  }
  return rows;
}

TEST(Topk, EveryAxisOfEveryRankSelectsWhatTheOracleSelects) {
  const Folder folder;
  for (const Shape& shape :
       {Shape{17}, Shape{5, 9}, Shape{3, 4, 5}, Shape{2, 3, 4, 3}, Shape{1, 7, 1}, Shape{2, 3, 2, 3, 2}}) {
    const auto count = static_cast<std::size_t>(std::accumulate(shape.begin(), shape.end(), 1LL, std::multiplies<>()));
    const std::vector<float> x = numbers(count);
    for (const bool fortran : {false, true}) {
      std::string file = npy_f32(shape, x);
      if (fortran) file.replace(file.find("False"), 5, "True ");
      const std::string path = folder.write("x.npy", file);
      const Shape strides = fortran ? column_major_strides(shape) : row_major_strides(shape);
      for (std::size_t axis = 0; axis < shape.size(); ++axis)
        for (const bool largest : {true, false}) {
          const std::int64_t k = std::min<std::int64_t>(3, shape[axis]);
          std::vector<std::string> arguments{"topk",  path, "-k", std::to_string(k), "--axis", std::to_string(axis),
                                             "--json"};
          if (!largest) arguments.emplace_back("--smallest");
          const json result = one_line(test::topkit(arguments));
          const auto rows = result["indices"].get<std::vector<std::vector<std::int64_t>>>();
          EXPECT_EQ(rows, oracle(shape, strides, axis, x, k, largest))
              << shape_text(shape) << " axis " << axis << (fortran ? " fortran" : "");
        }
    }
  }
}

TEST(Topk, AHeaderOfAnyLengthMayStandBeforeTheElements) {
  const Folder folder;
  const std::vector<float> x = numbers(6 * 50);
  for (int pad = 0; pad < 8; ++pad)
    for (const std::size_t axis : {0U, 1U}) {
      const std::string dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 50)}" +
                               std::string(static_cast<std::size_t>(pad), ' ');
      const std::string path = folder.write("x.npy", test::npy(dict, raw(x)));
      const json result = one_line(test::topkit({"topk", path, "-k", "5", "--axis", std::to_string(axis), "--json"}));
      EXPECT_EQ(result["indices"].get<std::vector<std::vector<std::int64_t>>>(),
                oracle({6, 50}, {50, 1}, axis, x, 5, true))
          << pad;
    }
}

TEST(Topk, JsonSaysWhatWasDoneAndKeepsValuesExact) {
  const Folder folder;
  const std::string path = folder.write("x.npy", npy_f32({2, 3}, {0.1F, -0.0F, 3, INFINITY, NAN, -INFINITY}));
  const json result = one_line(test::topkit({"topk", path, "-k", "3", "--json"}));
  EXPECT_EQ(result["indices"], json::parse("[[2, 0, 1], [1, 0, 2]]"));
  EXPECT_EQ(result["values"].dump(), R"([[3,0.1,-0.0],["NaN","Infinity","-Infinity"]])");
  EXPECT_EQ(result["file"], path);
  EXPECT_EQ(result["shape"], json::parse("[2, 3]"));
  EXPECT_EQ(result["k"], 3);
  EXPECT_EQ(result["dtype"], "f32");
  EXPECT_EQ(result["device"], "cpu");
}

TEST(Topk, OrderAndNanAreHeard) {
  const Folder folder;
  const std::string path = folder.write("x.npy", npy_f32({4}, {1, NAN, 5, 3}));
  const auto indices = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments{"topk", path, "-k", "2", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return one_line(test::topkit(arguments))["indices"].dump();
  };
  EXPECT_EQ(indices({}), "[[1,2]]");
  EXPECT_EQ(indices({"--nan", "last"}), "[[2,3]]");
  EXPECT_EQ(indices({"--nan", "last", "--smallest"}), "[[0,3]]");
  EXPECT_EQ(indices({"--order", "index", "--nan", "last", "--smallest", "--threads", "1", "--isa", "scalar"}),
            "[[0,3]]");
}

TEST(Topk, IntegersOf64BitsAreNotRounded) {
  const Folder folder;
  const std::vector<std::int64_t> x{INT64_MIN, INT64_MAX, INT64_MAX - 1};
  const std::string path = folder.write("x.npy", npy_header(DType::i64, Shape{3}) + raw(x));
  const test::Run run = test::topkit({"topk", path, "-k", "3", "--json"});
  EXPECT_THAT(run.out, HasSubstr("[[9223372036854775807, 9223372036854775806, -9223372036854775808]]"));
}

TEST(Topk, SmallFloatsOfSafetensorsAreDecoded) {
  const Folder folder;
  const auto values = [&](const std::string& dtype, const std::string& data, int count) {
    const std::string path = folder.write(
        "x.safetensors", test::safetensors(R"({"w":{"dtype":")" + dtype + R"(","shape":[)" + std::to_string(count) +
                                               R"(],"data_offsets":[0,)" + std::to_string(data.size()) + "]}}",
                                           data));
    return one_line(test::topkit({"topk", path, "-k", std::to_string(count), "--tensor", "w", "--json"}))["values"]
        .dump();
  };
  EXPECT_EQ(values("BF16", raw<std::uint16_t>({0x3f80, 0xc000, 0x7f80}), 3), R"([["Infinity",1,-2]])");
  EXPECT_EQ(values("F16", raw<std::uint16_t>({0x3c00, 0x0001, 0x7e00}), 3), R"([["NaN",1,5.9604645e-08]])");
  EXPECT_EQ(values("F8_E4M3", raw<std::uint8_t>({0x7e, 0x38, 0xfe, 0x7f}), 4), R"([["NaN",448,1,-448]])");
  EXPECT_EQ(values("F8_E5M2", raw<std::uint8_t>({0x3c, 0x7b, 0xfc}), 3), R"([[57344,1,"-Infinity"]])");
}

TEST(Topk, CsvHasALineAWinner) {
  const Folder folder;
  const std::string path = folder.write("a,b.npy", npy_f32({2, 2}, {1, 2, 4, 3}));
  const test::Run run = test::topkit({"topk", path, "-k", "1", "--csv"});
  EXPECT_EQ(run.out, "file,row,rank,index,value\n\"" + path + "\",0,0,1,2\n\"" + path + "\",1,0,0,4\n");
}

TEST(Topk, TheTableNamesRowsIndicesAndValues) {
  const Folder folder;
  const std::string path = folder.write("x.npy", npy_f32({2, 3}, {1, 7, 2, 9, 8, 3}));
  const test::Run run = test::topkit({"topk", path, "-k", "2"});
  EXPECT_EQ(run.code, 0);
  EXPECT_THAT(run.out, HasSubstr("f32 2x3, the 2 largest along axis 1"));
  EXPECT_THAT(run.out, HasSubstr("\n  0           1  7\n              2  2\n  1           0  9\n              1  8\n"));
}

TEST(Topk, OnATerminalALongTableIsCutAndSaysHowToGetAll) {
  const Folder folder;
  const std::string path = folder.write("x.npy", npy_f32({500, 2}, numbers(1000)));
  EXPECT_THAT(test::topkit({"topk", path, "-k", "1"}, true).out, HasSubstr("... 400 more rows"));
  EXPECT_THAT(test::topkit({"topk", path, "-k", "1"}, false).out, Not(HasSubstr("more rows")));
}

TEST(Topk, FilesWrittenHaveTheInputsShapeWithKInPlaceOfTheAxis) {
  const Folder folder;
  const std::vector<float> x = numbers(4 * 6);
  const std::string path = folder.write("x.npy", npy_f32({4, 6}, x));
  const std::string prefix = folder.path("out");
  ASSERT_EQ(test::topkit({"topk", path, "-k", "2", "--axis", "0", "-o", prefix, "--index-dtype", "i32"}).code, 0);
  const std::string values = folder.read("out.values.npy"), indices = folder.read("out.indices.npy");
  const TensorView v = read_npy(test::as_bytes(values), "v", {}), i = read_npy(test::as_bytes(indices), "i", {});
  EXPECT_EQ(v.shape, (Shape{2, 6}));
  EXPECT_EQ(i.shape, (Shape{2, 6}));
  EXPECT_EQ(i.dtype, DType::i32);
  const auto expected = oracle({4, 6}, {6, 1}, 0, x, 2, true);
  for (std::size_t rank = 0; rank < 2; ++rank)
    for (std::size_t column = 0; column < 6; ++column) {
      std::int32_t index = 0;
      float value = 0;
      std::memcpy(&index, indices.data() + i.offset + (rank * 6 + column) * 4, 4);
      std::memcpy(&value, values.data() + v.offset + (rank * 6 + column) * 4, 4);
      EXPECT_EQ(index, expected[column][rank]);
      EXPECT_EQ(value, x[static_cast<std::size_t>(index) * 6 + column]);
    }
  EXPECT_EQ(folder.files(), 3U);
}

TEST(Topk, SeveralFilesGiveAnObjectOrAPairOfFilesEach) {
  const Folder folder;
  const std::string a = folder.write("a.npy", npy_f32({3}, {1, 2, 3})),
                    b = folder.write("b.npy", npy_f32({3}, {6, 5, 4}));
  const test::Run run = test::topkit({"topk", a, b, "-k", "1", "--json"});
  const std::size_t middle = run.out.find('\n');
  EXPECT_EQ(json::parse(run.out.substr(0, middle))["indices"].dump(), "[[2]]");
  EXPECT_EQ(json::parse(run.out.substr(middle))["indices"].dump(), "[[0]]");
  EXPECT_EQ(test::topkit({"topk", a, b, "-k", "1", "-o", folder.path("o")}).code, 0);
  for (const char* name : {"o.a.values.npy", "o.a.indices.npy", "o.b.values.npy", "o.b.indices.npy"})
    EXPECT_TRUE(folder.has(name)) << name;
  EXPECT_THAT(test::topkit({"topk", a, a, "-k", "1", "-o", folder.path("o")}).err, HasSubstr("would meet"));
}

TEST(Topk, NothingToSelectIsNoError) {
  const Folder folder;
  const std::string none = folder.write("none.npy", npy_f32({0, 4}, {}));
  EXPECT_EQ(one_line(test::topkit({"topk", none, "-k", "2", "--json"}))["indices"].dump(), "[]");
  const std::string path = folder.write("x.npy", npy_f32({2, 2}, {1, 2, 3, 4}));
  EXPECT_EQ(one_line(test::topkit({"topk", path, "-k", "0", "--json"}))["values"].dump(), "[[],[]]");
  EXPECT_EQ(test::topkit({"topk", path, "-k", "0"}).code, 0);
  EXPECT_EQ(test::topkit({"topk", path, "-k", "0", "-o", folder.path("o")}).code, 0);
  const std::string columns = folder.write("columns.npy", npy_f32({4, 0}, {}));
  EXPECT_EQ(test::topkit({"topk", columns, "-k", "0", "--json"}).code, 0);
}

}  // namespace
}  // namespace topkit::cli
