// What simt.hpp has for words, for the two 16-bit floats of one:
//
//   push_not_less_f16x2(a, b, end, low, high), push_not_less_bf16x2
//                                          writes low where the lower element of a is not less than that of b, then high for
//                                          the upper one; a NaN is not
#pragma once

#include "simt.hpp"

#ifdef __CUDACC__
#include "simt/device_pairs.hpp"
#else
#include "simt/host_pairs.hpp"
#endif
