#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/job.h"
#include "core/thread_pool.h"
#include "recommend/dense/buffer.h"
#include "recommend/preferences.h"

namespace eunomia::recommend {

// The items that take part in a matrix, those with a preference when it was made: position in the matrix <-> position
// in the catalogue, both ascending.
struct matrix_items {
  static constexpr std::uint32_t none = UINT32_MAX;
  std::vector<item_position> item;      // of each row of the matrix
  std::vector<std::uint32_t> position;  // of each item of the catalogue; none: not in the matrix

  static std::shared_ptr<const matrix_items> of(std::vector<item_position> items, std::uint32_t catalogue_size);
  std::uint32_t size() const { return static_cast<std::uint32_t>(item.size()); }
};

// G = X^T X of preferences, in squared quanta, as integers: [n x n], of which the lower triangle is kept, row after
// row, row i with i + 1 elements.
class gram_matrix {
 public:
  gram_matrix() = default;
  gram_matrix(std::shared_ptr<const matrix_items> items, dense::buffer<std::uint32_t> values)
      : items_(std::move(items)), values_(std::move(values)) {}

  // Throws errc::failed_precondition naming an item whose diagonal passes 2^32 - 1, which bounds all other elements
  // (Cauchy-Schwarz); errc::cancelled.
  static gram_matrix of(const preferences& rows, core::thread_pool& pool, core::job& job);

  const matrix_items& items() const { return *items_; }
  const std::shared_ptr<const matrix_items>& shared_items() const { return items_; }
  std::uint32_t n() const { return items_ == nullptr ? 0 : items_->size(); }
  static std::size_t elements(std::uint32_t n) { return std::size_t{n} * (n + 1) / 2; }
  const std::uint32_t* row(std::uint32_t i) const { return values_.data() + elements(i); }
  std::span<const std::uint32_t> values() const { return {values_.data(), values_.size()}; }
  std::uint32_t diagonal(std::uint32_t i) const { return row(i)[i]; }

  // Takes a row of the preferences out, or puts it back.
  void subtract(const preferences& rows, std::uint32_t row) { change(rows, row, false); }
  void add(const preferences& rows, std::uint32_t row) { change(rows, row, true); }

  // Whether an item of the matrix has lost its last preference.
  bool has_vanished_items() const;
  // The matrix without those: what of() gives for the preferences that remain.
  gram_matrix without_vanished_items() const;

 private:
  void change(const preferences& rows, std::uint32_t row, bool add);

  std::shared_ptr<const matrix_items> items_;
  dense::buffer<std::uint32_t> values_;
};

}  // namespace eunomia::recommend
