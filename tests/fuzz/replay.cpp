// Runs a fuzz target without a fuzzer, on every file of a folder and on simple changes of it.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  constexpr std::size_t kMostChanged = 160;  // headers are at the front
  long runs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::vector<char> text(std::istreambuf_iterator<char>(file), {});
    std::vector<std::uint8_t> bytes(text.begin(), text.end());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    ++runs;
    for (std::size_t i = 0; i < bytes.size() && i < kMostChanged; ++i) {
      const std::vector<std::uint8_t> cut(bytes.begin(),
                                          bytes.begin() + static_cast<std::ptrdiff_t>(i));  // no spare bytes behind
      LLVMFuzzerTestOneInput(cut.data(), cut.size());
      for (const int flip : {0x01, 0x10, 0x80}) {
        std::vector<std::uint8_t> changed = bytes;
        changed[i] = static_cast<std::uint8_t>(changed[i] ^ flip);
        LLVMFuzzerTestOneInput(changed.data(), changed.size());
      }
      runs += 4;
    }
  }
  std::printf("%ld inputs\n", runs);
  return runs > 0 ? 0 : 1;
}
