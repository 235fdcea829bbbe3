#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/error.h"
#include "core/strong_id.h"

namespace eunomia::store::sql {

// What a column of a result, or a parameter of a statement, holds: nothing, a BIGINT, a DOUBLE PRECISION or a TEXT.
// There is no type for bytes: keep them as base64 text, which is the same on both engines.
using cell = std::variant<std::monostate, std::int64_t, double, std::string_view>;

// A list bound as one parameter, for {int64s:name} and {texts:name}: see database.h.
using int64_list = std::span<const std::int64_t>;
using text_list = std::span<const std::string_view>;

// A named parameter: {"handle", 5} binds :handle. Views, not copies: what it names must live until the call returns.
struct argument {
  using any = std::variant<std::monostate, std::int64_t, double, std::string_view, int64_list, text_list>;

  argument(std::string_view name_, std::nullopt_t) : name(name_) {}
  // errc::invalid_argument for an unsigned number above the greatest int64.
  template <std::integral T>
  argument(std::string_view name_, T v) : name(name_), value(number(v)) {}
  template <std::floating_point T>
  argument(std::string_view name_, T v) : name(name_), value(static_cast<double>(v)) {}
  template <class Tag, std::integral Value>
  argument(std::string_view name_, core::strong_id<Tag, Value> v) : name(name_), value(number(v.value())) {}
  template <class T>
  requires std::convertible_to<const T&, std::string_view> argument(std::string_view name_, const T& v)
      : name(name_), value(std::string_view(v)) {}
  argument(std::string_view name_, int64_list v) : name(name_), value(v) {}
  argument(std::string_view name_, text_list v) : name(name_), value(v) {}
  template <class T>
  argument(std::string_view name_, const std::optional<T>& v)
      : name(name_), value(v ? argument(name_, *v).value : any()) {}

  std::string_view name;
  any value;

 private:
  template <std::integral T>
  static std::int64_t number(T v) {
    if constexpr (std::is_unsigned_v<T> && sizeof(T) == sizeof(std::int64_t)) {
      if (v > static_cast<std::uint64_t>(INT64_MAX)) {
        throw core::error(core::errc::invalid_argument, "a number above 2^63 - 1 does not fit a database column");
      }
    }
    return static_cast<std::int64_t>(v);
  }
};

// One row of a result; columns count from 0. A view: valid as long as the rows it belongs to, or the callback. The
// getters throw errc::internal when the column has another type or is null: the statement and its reader disagree.
class row {
 public:
  explicit row(std::span<const cell> cells) : cells_(cells) {}

  std::size_t size() const { return cells_.size(); }
  std::span<const cell> cells() const { return cells_; }
  bool is_null(std::size_t column) const { return std::holds_alternative<std::monostate>(at(column)); }
  std::int64_t int64(std::size_t column) const;
  std::uint64_t uint64(std::size_t column) const;  // also errc::internal when negative
  double real(std::size_t column) const;           // of an integer too
  std::string_view text(std::size_t column) const;
  std::optional<std::int64_t> optional_int64(std::size_t column) const;
  std::optional<double> optional_real(std::size_t column) const;
  std::optional<std::string_view> optional_text(std::size_t column) const;

 private:
  const cell& at(std::size_t column) const;

  std::span<const cell> cells_;
};

// A whole result in memory.
class rows {
 public:
  class iterator {
   public:
    using value_type = row;
    using difference_type = std::ptrdiff_t;
    iterator() = default;
    iterator(const rows* of, std::size_t i) : of_(of), i_(i) {}
    row operator*() const { return (*of_)[i_]; }
    iterator& operator++() {
      ++i_;
      return *this;
    }
    iterator operator++(int) {
      iterator before = *this;
      ++i_;
      return before;
    }
    bool operator==(const iterator&) const = default;

   private:
    const rows* of_ = nullptr;
    std::size_t i_ = 0;
  };

  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  // i < size().
  row operator[](std::size_t i) const { return row(std::span(cells_).subspan(i * columns_, columns_)); }
  iterator begin() const { return {this, 0}; }
  iterator end() const { return {this, count_}; }

  // Copies the row, its text included; every row has as many columns as the first.
  void append(std::span<const cell> cells);

 private:
  std::string_view keep(std::string_view text);

  std::size_t columns_ = 0;
  std::size_t count_ = 0;
  std::vector<cell> cells_;
  std::vector<std::unique_ptr<char[]>> chunks_;  // the text that cells_ views
  std::size_t chunk_free_ = 0;
};

}  // namespace eunomia::store::sql
