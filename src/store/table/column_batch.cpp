#include "store/table/column_batch.h"

#include <duckdb.h>

#include <algorithm>

#include "core/error.h"

namespace eunomia::store::table {

std::string_view name_of(column_type type) noexcept {
  switch (type) {
    case column_type::int64: return "int64";
    case column_type::float64: return "float64";
    case column_type::text: return "text";
  }
  return "none";
}

bool has_sealed(std::span<const column> columns) noexcept {
  return std::ranges::any_of(columns, &column::sealed);
}

std::size_t column_values::bytes() const {
  return int64_.capacity() * sizeof(std::int64_t) + float64_.capacity() * sizeof(double) + text_.capacity() +
         begin_.capacity() * sizeof(std::uint32_t) + null_.capacity();
}

void column_values::add_null() {
  switch (type_) {
    case column_type::int64: int64_.push_back(0); break;
    case column_type::float64: float64_.push_back(0); break;
    case column_type::text: begin_.push_back(static_cast<std::uint32_t>(text_.size())); break;
  }
  added(true);
}

void column_values::add_from(const column_values& other, std::size_t row) {
  assert(other.type_ == type_);
  if (other.is_null(row)) {
    add_null();
    return;
  }
  switch (type_) {
    case column_type::int64: add(other.int64_[row]); break;
    case column_type::float64: add(other.float64_[row]); break;
    case column_type::text: add(other.text(row)); break;
  }
}

void column_values::add_from(const column_view& other, std::size_t row) {
  assert(other.type() == type_);
  if (other.is_null(row)) {
    add_null();
    return;
  }
  switch (type_) {
    case column_type::int64: add(other.int64()[row]); break;
    case column_type::float64: add(other.float64()[row]); break;
    case column_type::text: add(other.text(row)); break;
  }
}

void column_values::clear() {
  rows_ = 0;
  int64_.clear();
  float64_.clear();
  text_.clear();
  begin_.clear();
  null_.clear();
}

column_batch::column_batch(std::span<const column> schema) {
  columns.reserve(schema.size());
  for (const column& c : schema) {
    columns.emplace_back(c.type);
  }
}

std::size_t column_batch::bytes() const {
  std::size_t sum = subjects.capacity() * sizeof(std::int64_t);
  for (const column_values& values : columns) {
    sum += values.bytes();
  }
  return sum;
}

void column_batch::clear() {
  subjects.clear();
  for (column_values& values : columns) {
    values.clear();
  }
}

std::string_view column_view::text(std::size_t row) const {
  assert(type_ == column_type::text && !is_null(row));
  // Up to twelve bytes rest in the string itself, so this views the chunk, not a copy.
  auto* strings = const_cast<duckdb_string_t*>(static_cast<const duckdb_string_t*>(data_));
  return {duckdb_string_t_data(strings + row), duckdb_string_t_length(strings[row])};
}

}  // namespace eunomia::store::table
