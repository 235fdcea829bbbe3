#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "recommend/ials_kernels_table.h"

#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma"))), \
                             apply_to = function)
#else
// GCC 12's own headers trip these (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")
#endif

namespace eunomia::recommend {

namespace {

using half = ials_kernels::half;

#include "recommend/ials_kernels_folded.h"

struct lanes {
  static constexpr std::size_t rows_at_once = 8;
  static constexpr int tile_rows = 8;
  static constexpr int tile_columns = 2;
  using folded = folded_lanes;

  __m512 x;

  static lanes load(const float* from) { return {_mm512_loadu_ps(from)}; }
  static lanes load(const half* from) {
    return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)))};
  }
  void store(float* to) const { _mm512_storeu_ps(to, x); }
  void store(half* to) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
  }
  static lanes zero() { return {_mm512_setzero_ps()}; }
  static lanes broadcast(float value) { return {_mm512_set1_ps(value)}; }
  static lanes fused(lanes a, lanes b, lanes c) { return {_mm512_fmadd_ps(a.x, b.x, c.x)}; }
  lanes operator+(lanes b) const { return {_mm512_add_ps(x, b.x)}; }
  lanes operator*(lanes b) const { return {_mm512_mul_ps(x, b.x)}; }
  folded fold() const { return _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1)); }
  float sum() const { return sum_folded(fold()); }
  static void sum_eight(const folded* rows, float* sums) { sum_eight_folded(rows, sums); }
};

#include "recommend/ials_kernels_body.h"

}  // namespace

constinit const ials_kernels ials_kernels_avx512 = table_of_kernels("avx512", true);

}  // namespace eunomia::recommend

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
