// Other ways to the same answer on CUDA, one file each: what a program with the CUDA toolkit has at hand.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "../cases.hpp"
#include "../cuda_verify.hpp"

namespace topkit::bench {

// One prepared call: everything allocated, only launches left.
class CudaPeerCall {
 public:
  virtual ~CudaPeerCall() = default;
  virtual void run(const void* x, cudaStream_t stream) = 0;
  // Where the result lies and what it promises; x is filled by the caller.
  virtual Answer answer() const = 0;
  virtual void poison(cudaStream_t stream) = 0;  // overwrites the result
};

struct CudaPeer {
  std::string_view name;
  std::unique_ptr<CudaPeerCall> (*prepare)(const Case& c, cudaStream_t stream);  // null: not for this case
};

std::span<const CudaPeer* const> cuda_peers();
// Of these, those are built whose headers CMake found.
extern const CudaPeer kCubSort, kCubTopk, kFlashinferTopk, kFlashinferSorted, kRaftSelectK, kRaftSorted;

}  // namespace topkit::bench
