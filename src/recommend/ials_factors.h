#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

namespace eunomia::recommend {

// A factor matrix, [rows x factors] float32, row-major, laid out for ials_kernels: rows padded with zeros to a whole
// number of 64-byte lines and aligned to them. Movable; copied only by copy().
class factor_matrix {
 public:
  factor_matrix() = default;
  // All zeros.
  factor_matrix(std::size_t rows, std::size_t factors);

  static constexpr std::size_t stride_of(std::size_t factors) { return (factors + 15) / 16 * 16; }
  static constexpr std::uint64_t bytes_of(std::size_t rows, std::size_t factors) {
    return std::uint64_t{rows} * stride_of(factors) * sizeof(float);
  }

  std::size_t rows() const { return rows_; }
  std::size_t factors() const { return factors_; }
  std::size_t stride() const { return stride_; }
  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  // A row's stride() floats, padding included.
  float* row(std::size_t r) { return data_.get() + r * stride_; }
  const float* row(std::size_t r) const { return data_.get() + r * stride_; }
  std::span<const float> all() const { return {data_.get(), rows_ * stride_}; }

  factor_matrix copy() const;

 private:
  struct release {
    void operator()(float* data) const { std::free(data); }
  };

  std::size_t rows_ = 0;
  std::size_t factors_ = 0;
  std::size_t stride_ = 0;
  std::unique_ptr<float[], release> data_;
};

}  // namespace eunomia::recommend
