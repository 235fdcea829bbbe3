#include "store/table/admitted_rows.h"

#include <duckdb.h>

#include <cassert>
#include <cstring>

namespace eunomia::store::table {

namespace {

constexpr std::size_t word_bytes = sizeof(std::uint64_t);
static_assert(sizeof(std::int64_t) == word_bytes && sizeof(double) == word_bytes);
static_assert(sizeof(duckdb_string_t) == 2 * word_bytes);

}  // namespace

std::size_t admitted_rows::take_out(const core::admission& by, const core::data_keys* keys, chunk& rows) {
  assert(rows.subjects.size() == rows.rows);
  kept_.clear();
  for (std::size_t i = 0; i < rows.rows; ++i) {
    const core::subject_handle who(static_cast<std::uint64_t>(rows.subjects[i]));
    if (by.admits(who) && (keys == nullptr || keys->contains(who))) {
      kept_.push_back(static_cast<std::uint32_t>(i));
    }
  }
  const std::size_t left_out = rows.rows - kept_.size();
  if (left_out == 0) {
    return 0;
  }
  subjects_.resize(kept_.size());
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    subjects_[i] = rows.subjects[kept_[i]];
  }
  columns_.resize(rows.columns.size());
  for (std::size_t c = 0; c < rows.columns.size(); ++c) {
    rows.columns[c] = copy(rows.columns[c], columns_[c]);
  }
  rows.rows = kept_.size();
  rows.subjects = subjects_;
  rows.offsets = kept_;
  return left_out;
}

column_view admitted_rows::copy(const column_view& from, column_copy& into) const {
  const std::size_t words = from.type() == column_type::text ? 2 : 1;
  into.words.resize(kept_.size() * words);
  const auto* const source = static_cast<const std::byte*>(from.data_);
  auto* const target = reinterpret_cast<std::byte*>(into.words.data());
  const std::size_t bytes = words * word_bytes;
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    std::memcpy(target + i * bytes, source + kept_[i] * bytes, bytes);
  }
  if (!from.has_nulls()) {
    return {from.type(), kept_.size(), into.words.data(), nullptr};
  }
  into.valid.assign(kept_.size() / 64 + 1, 0);
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    into.valid[i / 64] |= std::uint64_t{!from.is_null(kept_[i])} << (i % 64);
  }
  return {from.type(), kept_.size(), into.words.data(), into.valid.data()};
}

}  // namespace eunomia::store::table
