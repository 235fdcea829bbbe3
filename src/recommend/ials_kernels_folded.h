// Horizontal sums of 8-float AVX registers, for the avx2 and avx512 kernels: included by both where their unnamed
// namespace and target are open.

using folded_lanes = __m256;

inline __attribute__((always_inline)) float sum_folded(__m256 x) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// The sums of eight registers into sums[8], by a transposition that adds in the order of sum_folded.
inline __attribute__((always_inline)) void sum_eight_folded(const __m256* x, float* sums) {
  __m256 four[4];  // rows r and r + 4, four partial sums each
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r) {
    four[r] = _mm256_add_ps(_mm256_permute2f128_ps(x[r], x[r + 4], 0x20), _mm256_permute2f128_ps(x[r], x[r + 4], 0x31));
  }
  __m256 two[2];  // rows r, r + 1 | r + 4, r + 5, two partial sums each
#pragma GCC unroll 2
  for (int r = 0; r < 2; ++r) {
    const __m256d low = _mm256_castps_pd(four[2 * r]);
    const __m256d high = _mm256_castps_pd(four[2 * r + 1]);
    two[r] =
        _mm256_add_ps(_mm256_castpd_ps(_mm256_unpacklo_pd(low, high)), _mm256_castpd_ps(_mm256_unpackhi_pd(low, high)));
  }
  _mm256_storeu_ps(sums,
                   _mm256_add_ps(_mm256_shuffle_ps(two[0], two[1], 0x88), _mm256_shuffle_ps(two[0], two[1], 0xdd)));
}
