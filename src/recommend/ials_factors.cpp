#include "recommend/ials_factors.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace eunomia::recommend {

namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

}  // namespace

factor_matrix::factor_matrix(std::size_t rows, std::size_t factors)
    : rows_(rows), factors_(factors), stride_(stride_of(factors)) {
  if (rows == 0 || factors == 0) {
    return;
  }
  const std::size_t bytes = rows_ * stride_ * sizeof(float);
  const std::size_t alignment = bytes < huge_page ? 64 : huge_page;
  const std::size_t padded = (bytes + alignment - 1) / alignment * alignment;
  data_.reset(static_cast<float*>(std::aligned_alloc(alignment, padded)));
  if (!data_) {
    throw std::bad_alloc();
  }
  if (alignment == huge_page) {
    // Rows are gathered at random: with 4 KB pages most gathers would also miss the TLB. Only a hint.
    madvise(data_.get(), padded, MADV_HUGEPAGE);
  }
  std::fill_n(data_.get(), rows_ * stride_, 0.0F);
}

factor_matrix factor_matrix::copy() const {
  factor_matrix result(rows_, factors_);
  std::copy_n(data_.get(), rows_ * stride_, result.data_.get());
  return result;
}

}  // namespace eunomia::recommend
