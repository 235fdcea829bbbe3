#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "recommend/ials_kernels_table.h"

namespace eunomia::recommend {

namespace {

using half = ials_kernels::half;

// Finite values only: the exponent moves by a multiplication with 2^112, which normalises subnormal halves too.
inline float from_half(half value) {
  const auto bits = static_cast<std::uint32_t>(value);
  const float magnitude = std::bit_cast<float>((bits & 0x7fff) << 13) * 0x1p112F;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | (bits & 0x8000) << 16);
}

// Finite values below 65504 only. Adding 2^13 units of the result's last place (at least 2^-24's) makes the sum's own
// rounding, to the nearest with ties to even, that of the result.
inline half nearest_half(float value) {
  const std::uint32_t sign = std::bit_cast<std::uint32_t>(value) >> 16 & 0x8000;
  const float magnitude = std::fabs(value);
  const std::uint32_t exponent = std::max(std::bit_cast<std::uint32_t>(magnitude) >> 23, 113U);
  const float anchor = std::bit_cast<float>((exponent + 13) << 23);
  const float rounded = (magnitude + anchor) - anchor;
  return static_cast<half>(std::bit_cast<std::uint32_t>(rounded * 0x1p-112F) >> 13 | sign);
}

struct lanes {
  static constexpr std::size_t rows_at_once = 2;
  static constexpr int tile_rows = 2;
  static constexpr int tile_columns = 1;
  using folded = lanes;

  float x[16];

  template <class Element>
  static lanes each(Element element) {
    lanes result;
    for (int i = 0; i < 16; ++i) {
      result.x[i] = element(i);
    }
    return result;
  }
  static lanes load(const float* from) {
    return each([&](int i) { return from[i]; });
  }
  static lanes load(const half* from) {
    return each([&](int i) { return from_half(from[i]); });
  }
  void store(half* to) const {
    for (int i = 0; i < 16; ++i) {
      to[i] = nearest_half(x[i]);
    }
  }
  void store(float* to) const { std::copy_n(x, 16, to); }
  static lanes zero() { return broadcast(0); }
  static lanes broadcast(float value) {
    return each([&](int) { return value; });
  }
  static lanes fused(const lanes& a, const lanes& b, const lanes& c) {
    return each([&](int i) { return a.x[i] * b.x[i] + c.x[i]; });
  }
  lanes operator+(const lanes& b) const {
    return each([&](int i) { return x[i] + b.x[i]; });
  }
  lanes operator*(const lanes& b) const {
    return each([&](int i) { return x[i] * b.x[i]; });
  }
  folded fold() const {
    return each([&](int i) { return i < 8 ? x[i] + x[i + 8] : 0; });
  }
  float sum() const {
    const lanes eight = fold();
    float four[4];
    for (int i = 0; i < 4; ++i) {
      four[i] = eight.x[i] + eight.x[i + 4];
    }
    return (four[0] + four[2]) + (four[1] + four[3]);
  }
  static void sum_eight(const folded* rows, float* sums) {
    for (int r = 0; r < 8; ++r) {
      sums[r] = rows[r].sum();
    }
  }
};

#include "recommend/ials_kernels_body.h"

}  // namespace

constinit const ials_kernels ials_kernels_portable = table_of_kernels("portable", false);

}  // namespace eunomia::recommend
