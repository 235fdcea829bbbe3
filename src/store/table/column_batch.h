#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace eunomia::store::table {

enum class column_type { int64, float64, text };
std::string_view name_of(column_type type) noexcept;  // "int64"

struct column {
  std::string name;
  column_type type = column_type::int64;
  // Rests sealed with the key of the person whom the row is about (sealed_rows.h): only in a table about people.
  bool sealed = false;
  friend bool operator==(const column&, const column&) = default;
};

// Whether any of them rests sealed.
bool has_sealed(std::span<const column> columns) noexcept;

class column_view;

// The values of one column of some rows, in memory. Text is UTF-8 without U+0000, less than 4 GiB of it.
class column_values {
 public:
  explicit column_values(column_type type) : type_(type) {}

  column_type type() const { return type_; }
  std::size_t size() const { return rows_; }
  std::size_t bytes() const;  // of memory held

  // Each adds a row; the type must be the column's.
  void add(std::int64_t value) {
    assert(type_ == column_type::int64);
    int64_.push_back(value);
    added(false);
  }
  void add(double value) {
    assert(type_ == column_type::float64);
    float64_.push_back(value);
    added(false);
  }
  void add(std::string_view value) {
    assert(type_ == column_type::text);
    begin_.push_back(static_cast<std::uint32_t>(text_.size()));
    text_.append(value);
    added(false);
  }
  void add_null();
  // Adds a row of another column of the same type.
  void add_from(const column_values& other, std::size_t row);
  void add_from(const column_view& other, std::size_t row);

  bool is_null(std::size_t row) const { return !null_.empty() && null_[row] != 0; }
  // What stands where is_null() is 0.
  std::span<const std::int64_t> int64() const { return int64_; }
  std::span<const double> float64() const { return float64_; }
  std::string_view text(std::size_t row) const {
    const std::size_t end = row + 1 < begin_.size() ? begin_[row + 1] : text_.size();
    return std::string_view(text_).substr(begin_[row], end - begin_[row]);
  }
  std::size_t text_bytes() const { return text_.size(); }

  // Forgets the rows and keeps the memory.
  void clear();

 private:
  void added(bool null) {
    ++rows_;
    if (null || !null_.empty()) {
      null_.resize(rows_, 0);
      null_.back() = null ? 1 : 0;
    }
  }

  column_type type_;
  std::size_t rows_ = 0;
  std::vector<std::int64_t> int64_;
  std::vector<double> float64_;
  std::string text_;
  std::vector<std::uint32_t> begin_;  // of each row in text_
  std::vector<std::uint8_t> null_;    // empty: no row is null
};

// Some rows, column by column; the columns have equal lengths. Where the table is about people, subjects are beside
// the columns, not among them.
struct column_batch {
  explicit column_batch(std::span<const column> schema);

  std::vector<std::int64_t> subjects;  // handles; empty for a table that is not about people
  std::vector<column_values> columns;

  std::size_t rows() const { return columns.empty() ? subjects.size() : columns.front().size(); }
  std::size_t bytes() const;
  void clear();
};

// A column of a chunk that a scan shows; valid until the visitor returns.
class column_view {
 public:
  column_view(column_type type, std::size_t rows, const void* data, const std::uint64_t* valid)
      : type_(type), rows_(rows), data_(data), valid_(valid) {}

  column_type type() const { return type_; }
  std::size_t size() const { return rows_; }
  bool has_nulls() const { return valid_ != nullptr; }  // may be true without one
  bool is_null(std::size_t row) const { return valid_ != nullptr && (valid_[row / 64] >> (row % 64) & 1) == 0; }
  // What stands where is_null() is undefined.
  std::span<const std::int64_t> int64() const {
    assert(type_ == column_type::int64);
    return {static_cast<const std::int64_t*>(data_), rows_};
  }
  std::span<const double> float64() const {
    assert(type_ == column_type::float64);
    return {static_cast<const double*>(data_), rows_};
  }
  // Not to be called where is_null().
  std::string_view text(std::size_t row) const;

 private:
  friend class admitted_rows;

  column_type type_;
  std::size_t rows_;
  const void* data_;
  const std::uint64_t* valid_;  // a bit a row, least significant first; null: all are valid
};

}  // namespace eunomia::store::table
