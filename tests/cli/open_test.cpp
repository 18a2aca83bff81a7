#include "cli/open.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstddef>
#include <cstring>
#include <thread>

#include "cli/support.hpp"

namespace topkit::cli {
namespace {

using test::failure;
using test::Folder;
using testing::HasSubstr;

std::string refused_file(const std::string& path, const OpenOptions& options = {}) {
  return failure([&] { open_tensor(path, options); });
}

const std::string kDict = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
const std::string kFloats = test::raw<float>({1.5F, -2});

// A header of odd length may stand before the elements, and then none of them is aligned.
float element(const Tensor& tensor, std::size_t at) {
  float value = 0;
  std::memcpy(&value, static_cast<const std::byte*>(tensor.dl().data) + at * sizeof value, sizeof value);
  return value;
}

TEST(Open, FindsTheFormatByItsFirstBytes) {
  const Folder folder;
  const Tensor a = open_tensor(folder.write("a.bin", test::npy(kDict, kFloats)), {});
  EXPECT_EQ(element(a, 1), -2);
  const Tensor b = open_tensor(
      folder.write("b.bin", test::safetensors(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", kFloats)),
      {});
  EXPECT_EQ(element(b, 0), 1.5F);
  EXPECT_EQ(b.dl().ndim, 1);
}

TEST(Open, RawBytesNeedTypeAndShapeThatGiveTheirSize) {
  const Folder folder;
  const std::string path = folder.write("a.raw", kFloats);
  const Tensor tensor = open_tensor(path, {.tensor = "", .dtype = DType::f32, .shape = Shape{2, 1}});
  EXPECT_EQ(tensor.view().shape, (Shape{2, 1}));
  EXPECT_THAT(refused_file(path), HasSubstr("raw bytes need --dtype and --shape"));
  EXPECT_THAT(refused_file(path, {.tensor = "", .dtype = {}, .shape = Shape{2}}), HasSubstr("need --dtype as well"));
  EXPECT_THAT(refused_file(path, {.tensor = "", .dtype = DType::f64, .shape = Shape{2}}),
              HasSubstr("--shape = 2: with --dtype f64 it is 16 bytes"));
}

TEST(Open, PathsThatHoldNoTensorAreRefused) {
  const Folder folder;
  EXPECT_THAT(refused_file(folder.path("missing.npy")), HasSubstr("missing.npy': cannot be opened: No such file"));
  EXPECT_THAT(refused_file(folder.path("")), HasSubstr("is a directory"));
  EXPECT_THAT(refused_file(folder.write("empty.npy", "")), HasSubstr("is empty"));
  EXPECT_THAT(refused_file(folder.write("a.npz", "PK\x03\x04 more")), HasSubstr("zip archive"));
  EXPECT_THAT(refused_file(folder.write("foreign.npy", "hello, world")), HasSubstr("is not .npy"));
  EXPECT_THAT(refused_file("/dev/zero"), HasSubstr("neither a file nor a pipe"));
}

TEST(Open, OptionsThatDoNotBelongToTheFormatAreRefused) {
  const Folder folder;
  const std::string path = folder.write("a.npy", test::npy(kDict, kFloats));
  EXPECT_THAT(refused_file(path, {.tensor = "w", .dtype = {}, .shape = {}}), HasSubstr("--tensor = 'w'"));
  const std::string safe = folder.write("a.safetensors", test::safetensors("{}", ""));
  EXPECT_THAT(refused_file(safe, {.tensor = "", .dtype = DType::f32, .shape = {}}), HasSubstr("names its own types"));
}

TEST(Open, APipeIsReadWhole) {
  const Folder folder;
  const std::string fifo = folder.path("pipe");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const std::string dict = "{'descr': '|u1', 'fortran_order': False, 'shape': (3000000,), }";
  std::thread writer([&] { folder.write("pipe", test::npy(dict, std::string(3000000, 'z'))); });
  const Tensor tensor = open_tensor(fifo, {});
  writer.join();
  EXPECT_EQ(static_cast<const char*>(tensor.dl().data)[2999999], 'z');
}

TEST(Shape, IsReadFromWordsAndRefusedWithTheRule) {
  EXPECT_EQ(parse_shape("32x50304", "--shape"), (Shape{32, 50304}));
  EXPECT_EQ(parse_shape("[2, 3, 4]", "--shape"), (Shape{2, 3, 4}));
  EXPECT_EQ(parse_shape("7", "--shape"), (Shape{7}));
  for (const std::string text : {"", "x", "3x", "-1x4", "3y4", "0x10x", "1.5", "+3"})
    EXPECT_THAT(failure([&] { parse_shape(text, "--shape"); }), HasSubstr("must be extents like 32x50304")) << text;
  EXPECT_THAT(failure([] { parse_shape("99999999999999999999", "--shape"); }), HasSubstr("beyond 64 bits"));
}

}  // namespace
}  // namespace topkit::cli
