// CUDA's keywords, vector types and bit intrinsics for the host stand-in. They are CUDA's names, so they are global.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __grid_constant__
#define __restrict__ __restrict

// NOLINTBEGIN(bugprone-reserved-identifier)
struct alignas(2) uchar2 {
  unsigned char x, y;
};
struct alignas(4) uchar4 {
  unsigned char x, y, z, w;
};
struct alignas(4) ushort2 {
  unsigned short x, y;
};
struct alignas(8) ushort4 {
  unsigned short x, y, z, w;
};
struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct alignas(8) int2 {
  int x, y;
};
struct alignas(16) int4 {
  int x, y, z, w;
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(16) double2 {
  double x, y;
};
struct alignas(16) longlong2 {
  long long x, y;
};
struct alignas(16) ulonglong2 {
  unsigned long long x, y;
};
constexpr uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
constexpr uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
constexpr int2 make_int2(int x, int y) { return {x, y}; }
constexpr int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }
constexpr float2 make_float2(float x, float y) { return {x, y}; }
constexpr float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
constexpr double2 make_double2(double x, double y) { return {x, y}; }
constexpr ulonglong2 make_ulonglong2(unsigned long long x, unsigned long long y) { return {x, y}; }

constexpr int __popc(unsigned v) { return std::popcount(v); }
constexpr int __popcll(unsigned long long v) { return std::popcount(v); }
constexpr int __clz(int v) { return std::countl_zero(static_cast<unsigned>(v)); }
constexpr int __clzll(long long v) { return std::countl_zero(static_cast<unsigned long long>(v)); }
constexpr int __ffs(int v) { return v == 0 ? 0 : std::countr_zero(static_cast<unsigned>(v)) + 1; }
constexpr int __ffsll(long long v) { return v == 0 ? 0 : std::countr_zero(static_cast<unsigned long long>(v)) + 1; }
constexpr unsigned long long __brevll(unsigned long long v) {
  unsigned long long r = 0;
  for (int i = 0; i < 64; ++i) r |= (v >> i & 1) << (63 - i);
  return r;
}
constexpr unsigned __brev(unsigned v) { return static_cast<unsigned>(__brevll(v) >> 32); }
constexpr unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>(static_cast<unsigned long long>(a) * b >> 32);
}
constexpr unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<unsigned long long>(static_cast<Wide>(a) * b >> 64);
}

constexpr unsigned __byte_perm(unsigned a, unsigned b, unsigned selector) {
  const unsigned long long bytes = static_cast<unsigned long long>(b) << 32 | a;
  unsigned r = 0;
  for (int i = 0; i < 4; ++i) {
    const unsigned s = selector >> (4 * i);
    const unsigned byte = static_cast<unsigned>(bytes >> (8 * (s & 7))) & 0xFF;  // not prmt: the fourth bit is masked
    r |= byte << (8 * i);
  }
  return r;
}

constexpr unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) {
  return static_cast<unsigned>((static_cast<unsigned long long>(high) << 32 | low) << (shift & 31) >> 32);
}
constexpr unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
  return static_cast<unsigned>((static_cast<unsigned long long>(high) << 32 | low) >> (shift & 31));
}
constexpr unsigned __funnelshift_lc(unsigned low, unsigned high, unsigned shift) {
  return shift >= 32 ? low : __funnelshift_l(low, high, shift);
}
constexpr unsigned __funnelshift_rc(unsigned low, unsigned high, unsigned shift) {
  return shift >= 32 ? high : __funnelshift_r(low, high, shift);
}

constexpr unsigned __float_as_uint(float v) { return std::bit_cast<unsigned>(v); }
constexpr float __uint_as_float(unsigned v) { return std::bit_cast<float>(v); }
constexpr int __float_as_int(float v) { return std::bit_cast<int>(v); }
constexpr float __int_as_float(int v) { return std::bit_cast<float>(v); }
constexpr long long __double_as_longlong(double v) { return std::bit_cast<long long>(v); }
constexpr double __longlong_as_double(long long v) { return std::bit_cast<double>(v); }

// CUDA declares these for every pair of arithmetic types of one signedness; mixed ones are an error here.
template <class T>
requires std::is_arithmetic_v<T>
constexpr T min(T a, T b) { return b < a ? b : a; }
template <class T>
requires std::is_arithmetic_v<T>
constexpr T max(T a, T b) { return a < b ? b : a; }

namespace topkit::simt {

// Applies f to the two 16-bit halves.
template <class Half, class F>
constexpr unsigned halves(unsigned a, unsigned b, F f) {
  const auto low = static_cast<std::uint16_t>(f(static_cast<Half>(a & 0xFFFF), static_cast<Half>(b & 0xFFFF)));
  const auto high = static_cast<std::uint16_t>(f(static_cast<Half>(a >> 16), static_cast<Half>(b >> 16)));
  return static_cast<unsigned>(high) << 16 | low;
}

}  // namespace topkit::simt

constexpr unsigned __vmaxu2(unsigned a, unsigned b) {
  return topkit::simt::halves<std::uint16_t>(a, b, [](auto x, auto y) { return x > y ? x : y; });
}
constexpr unsigned __vminu2(unsigned a, unsigned b) {
  return topkit::simt::halves<std::uint16_t>(a, b, [](auto x, auto y) { return x < y ? x : y; });
}
constexpr unsigned __vmaxs2(unsigned a, unsigned b) {
  return topkit::simt::halves<std::int16_t>(a, b, [](auto x, auto y) { return x > y ? x : y; });
}
constexpr unsigned __vmins2(unsigned a, unsigned b) {
  return topkit::simt::halves<std::int16_t>(a, b, [](auto x, auto y) { return x < y ? x : y; });
}
constexpr unsigned __vcmpgtu2(unsigned a, unsigned b) {
  return topkit::simt::halves<std::uint16_t>(a, b, [](auto x, auto y) { return x > y ? 0xFFFF : 0; });
}
constexpr unsigned __vcmpgeu2(unsigned a, unsigned b) {
  return topkit::simt::halves<std::uint16_t>(a, b, [](auto x, auto y) { return x >= y ? 0xFFFF : 0; });
}
constexpr unsigned __vcmpgts2(unsigned a, unsigned b) {
  return topkit::simt::halves<std::int16_t>(a, b, [](auto x, auto y) { return x > y ? 0xFFFF : 0; });
}
constexpr unsigned __vcmpges2(unsigned a, unsigned b) {
  return topkit::simt::halves<std::int16_t>(a, b, [](auto x, auto y) { return x >= y ? 0xFFFF : 0; });
}
constexpr unsigned __vcmpeq2(unsigned a, unsigned b) {
  return topkit::simt::halves<std::uint16_t>(a, b, [](auto x, auto y) { return x == y ? 0xFFFF : 0; });
}
constexpr unsigned __vadd2(unsigned a, unsigned b) {
  return topkit::simt::halves<std::uint16_t>(a, b, [](auto x, auto y) { return x + y; });
}
constexpr unsigned __vsub2(unsigned a, unsigned b) {
  return topkit::simt::halves<std::uint16_t>(a, b, [](auto x, auto y) { return x - y; });
}
// NOLINTEND(bugprone-reserved-identifier)
