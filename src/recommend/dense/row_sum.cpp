#include "recommend/dense/row_sum.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <cmath>

namespace eunomia::recommend::dense {

namespace {

constexpr int rows_at_once = 8;

// sums[j] += sum over r < Count of weight[r] * row[r][j], for j < size, a multiple of 16.
using adder = void (*)(const float* const* row, const float* weight, float* sums, std::uint32_t size);

template <int Count>
void add_portably(const float* const* row, const float* weight, float* sums, std::uint32_t size) {
  for (std::uint32_t j = 0; j < size; ++j) {
    float sum = sums[j];
    for (int r = 0; r < Count; ++r) {
      sum = std::fma(weight[r], row[r][j], sum);
    }
    sums[j] = sum;
  }
}

#if defined(__x86_64__)

template <int Count>
__attribute__((target("avx2,fma"))) void add_avx2(const float* const* row, const float* weight, float* sums,
                                                  std::uint32_t size) {
  __m256 factor[Count];
  for (int r = 0; r < Count; ++r) {
    factor[r] = _mm256_set1_ps(weight[r]);
  }
  for (std::uint32_t j = 0; j < size; j += 16) {
    __m256 low = _mm256_loadu_ps(sums + j), high = _mm256_loadu_ps(sums + j + 8);
    for (int r = 0; r < Count; ++r) {
      low = _mm256_fmadd_ps(factor[r], _mm256_load_ps(row[r] + j), low);
      high = _mm256_fmadd_ps(factor[r], _mm256_load_ps(row[r] + j + 8), high);
    }
    _mm256_storeu_ps(sums + j, low);
    _mm256_storeu_ps(sums + j + 8, high);
  }
}

template <int Count>
__attribute__((target("avx512f"))) void add_avx512(const float* const* row, const float* weight, float* sums,
                                                   std::uint32_t size) {
  __m512 factor[Count];
  for (int r = 0; r < Count; ++r) {
    factor[r] = _mm512_set1_ps(weight[r]);
  }
  std::uint32_t j = 0;
  for (; j + 64 <= size; j += 64) {
    __m512 sum[4];
    for (int lane = 0; lane < 4; ++lane) {
      sum[lane] = _mm512_loadu_ps(sums + j + 16 * lane);
    }
    for (int r = 0; r < Count; ++r) {
      for (int lane = 0; lane < 4; ++lane) {
        sum[lane] = _mm512_fmadd_ps(factor[r], _mm512_load_ps(row[r] + j + 16 * lane), sum[lane]);
      }
    }
    for (int lane = 0; lane < 4; ++lane) {
      _mm512_storeu_ps(sums + j + 16 * lane, sum[lane]);
    }
  }
  for (; j < size; j += 16) {
    __m512 sum = _mm512_loadu_ps(sums + j);
    for (int r = 0; r < Count; ++r) {
      sum = _mm512_fmadd_ps(factor[r], _mm512_load_ps(row[r] + j), sum);
    }
    _mm512_storeu_ps(sums + j, sum);
  }
}

#endif

struct adders {
  adder eight, four, two, one;
};

adders adders_for_this_processor() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    return {add_avx512<8>, add_avx512<4>, add_avx512<2>, add_avx512<1>};
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return {add_avx2<8>, add_avx2<4>, add_avx2<2>, add_avx2<1>};
  }
#endif
  return {add_portably<8>, add_portably<4>, add_portably<2>, add_portably<1>};
}

}  // namespace

void sum_rows(square_view matrix, std::span<const weighted_row> rows, std::span<float> sums) {
  static const adders add = adders_for_this_processor();
  std::fill(sums.begin(), sums.end(), 0.0F);
  const float* row[rows_at_once];
  float weight[rows_at_once];
  for (std::size_t first = 0; first < rows.size();) {
    const std::size_t left = rows.size() - first;
    const int count = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    for (int r = 0; r < count; ++r) {
      row[r] = matrix.row(rows[first + r].row);
      weight[r] = rows[first + r].weight;
    }
    const adder chosen = count == 8 ? add.eight : count == 4 ? add.four : count == 2 ? add.two : add.one;
    chosen(row, weight, sums.data(), matrix.stride);
    first += count;
  }
}

}  // namespace eunomia::recommend::dense
