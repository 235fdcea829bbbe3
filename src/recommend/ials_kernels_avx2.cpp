#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "recommend/ials_kernels_table.h"

#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
#endif

namespace eunomia::recommend {

namespace {

using half = ials_kernels::half;

#include "recommend/ials_kernels_folded.h"

struct lanes {
  static constexpr std::size_t rows_at_once = 4;
  static constexpr int tile_rows = 4;
  static constexpr int tile_columns = 1;
  using folded = folded_lanes;

  __m256 low;
  __m256 high;

  static lanes load(const float* from) { return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)}; }
  static lanes load(const half* from) {
    const __m128i* both = reinterpret_cast<const __m128i*>(from);
    return {_mm256_cvtph_ps(_mm_loadu_si128(both)), _mm256_cvtph_ps(_mm_loadu_si128(both + 1))};
  }
  void store(float* to) const {
    _mm256_storeu_ps(to, low);
    _mm256_storeu_ps(to + 8, high);
  }
  void store(half* to) const {
    __m128i* both = reinterpret_cast<__m128i*>(to);
    _mm_storeu_si128(both, _mm256_cvtps_ph(low, _MM_FROUND_TO_NEAREST_INT));
    _mm_storeu_si128(both + 1, _mm256_cvtps_ph(high, _MM_FROUND_TO_NEAREST_INT));
  }
  static lanes zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static lanes broadcast(float value) { return {_mm256_set1_ps(value), _mm256_set1_ps(value)}; }
  static lanes fused(lanes a, lanes b, lanes c) {
    return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
  }
  lanes operator+(lanes b) const { return {_mm256_add_ps(low, b.low), _mm256_add_ps(high, b.high)}; }
  lanes operator*(lanes b) const { return {_mm256_mul_ps(low, b.low), _mm256_mul_ps(high, b.high)}; }
  folded fold() const { return _mm256_add_ps(low, high); }
  float sum() const { return sum_folded(fold()); }
  static void sum_eight(const folded* rows, float* sums) { sum_eight_folded(rows, sums); }
};

#include "recommend/ials_kernels_body.h"

}  // namespace

constinit const ials_kernels ials_kernels_avx2 = table_of_kernels("avx2", true);

}  // namespace eunomia::recommend

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
