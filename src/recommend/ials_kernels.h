#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace eunomia::recommend {

// The inner loops of iALS, in one version for each instruction set, chosen when the program runs.
//
// A factor matrix is row-major float32, each row `stride` floats long: the number of factors rounded up to a multiple
// of 16 (one 64-byte line), padded with zeros, each row aligned to 64 bytes. Every kernel works on whole rows, padding
// included.
//
// Sums run in one order whatever the instruction set: 16 partial sums, then a fixed tree. The avx512 and avx2 kernels
// therefore give the same bits; the portable one, which has no fused multiply-add, does not.
struct ials_kernels {
  // IEEE 754 binary16 as bits: the two gathers of training are bound by the bytes that they read.
  enum class half : std::uint16_t {};

  static constexpr std::size_t lane_count = 16;

  std::string_view name;  // "avx512", "avx2", "portable"
  bool fast_half;         // the processor converts halves itself

  // out = sum over k < count of weight[k] * (target - <row(item[k]), direction>) * row(item[k]). weight == nullptr:
  // all 1; else quanta, each worth `quantum`.
  template <class Element>
  using weighted_sum_of = void (*)(const Element* rows, std::size_t stride, const std::uint32_t* item,
                                   const std::uint16_t* weight, float quantum, std::size_t count,
                                   const float* direction, float target, float* out);
  weighted_sum_of<float> weighted_sum;
  weighted_sum_of<half> weighted_sum_half;
  // sum over k < count of weight[k] * <row(item[k]), direction>^2.
  template <class Element>
  using weighted_square_of = float (*)(const Element* rows, std::size_t stride, const std::uint32_t* item,
                                       const std::uint16_t* weight, float quantum, std::size_t count,
                                       const float* direction);
  weighted_square_of<float> weighted_square;
  weighted_square_of<half> weighted_square_half;
  // to = from * scale, rounded to the nearest half, ties to even; count is a multiple of 16.
  void (*to_half)(const float* from, std::size_t count, float scale, half* to);

  // The upper triangle of c (and, within 16 x 16 blocks on the diagonal, its mirror) += rows' rows; rows is
  // [count x stride], c [stride x stride].
  void (*add_gram)(const float* rows, std::size_t stride, std::size_t count, float* c);
  // out[count x stride] = rows[count x stride] * square[stride x stride]; out must not overlap rows.
  void (*multiply)(const float* rows, std::size_t stride, std::size_t count, const float* square, float* out);
  // Factorises the symmetric positive definite matrix whose upper triangle is in a into U'U, U upper triangular in
  // place of it; the first `size` of `stride` rows and columns. False when a pivot is not positive.
  bool (*factorise)(float* a, std::size_t stride, std::size_t size);
  // Solves U'U x = b in place of b, U as factorise() leaves it.
  void (*substitute)(const float* u, std::size_t stride, std::size_t size, float* b);

  // out[k] = <row(k), direction> for k < count.
  void (*inner_products)(const float* rows, std::size_t stride, std::size_t count, const float* direction, float* out);
};

// The fastest kernels that this processor runs.
const ials_kernels& best_ials_kernels() noexcept;
// All that this processor runs, fastest first; the last is portable.
std::span<const ials_kernels* const> available_ials_kernels() noexcept;

}  // namespace eunomia::recommend
