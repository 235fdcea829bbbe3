#include "store/sql/value.h"

#include <cassert>
#include <cstring>

namespace eunomia::store::sql {

namespace {

constexpr std::size_t text_chunk_bytes = 64 * 1024;

[[noreturn]] void mismatch(std::size_t column, const char* wanted, const cell& found) {
  static constexpr const char* kinds[] = {"null", "an integer", "a real number", "text"};
  throw core::error(core::errc::internal, "column " + std::to_string(column) + " of a result is " +
                                              kinds[found.index()] + " where the reader expects " + wanted);
}

}  // namespace

const cell& row::at(std::size_t column) const {
  if (column >= cells_.size()) {
    throw core::error(core::errc::internal, "a result has " + std::to_string(cells_.size()) +
                                                " columns where the reader expects column " + std::to_string(column));
  }
  return cells_[column];
}

std::int64_t row::int64(std::size_t column) const {
  if (const auto* found = std::get_if<std::int64_t>(&at(column))) {
    return *found;
  }
  mismatch(column, "an integer", at(column));
}

std::uint64_t row::uint64(std::size_t column) const {
  const std::int64_t found = int64(column);
  if (found < 0) {
    throw core::error(core::errc::internal,
                      "column " + std::to_string(column) + " of a result is negative where the reader expects a count");
  }
  return static_cast<std::uint64_t>(found);
}

double row::real(std::size_t column) const {
  if (const auto* found = std::get_if<double>(&at(column))) {
    return *found;
  }
  if (const auto* found = std::get_if<std::int64_t>(&at(column))) {
    return static_cast<double>(*found);
  }
  mismatch(column, "a real number", at(column));
}

std::string_view row::text(std::size_t column) const {
  if (const auto* found = std::get_if<std::string_view>(&at(column))) {
    return *found;
  }
  mismatch(column, "text", at(column));
}

std::optional<std::int64_t> row::optional_int64(std::size_t column) const {
  return is_null(column) ? std::nullopt : std::optional(int64(column));
}

std::optional<double> row::optional_real(std::size_t column) const {
  return is_null(column) ? std::nullopt : std::optional(real(column));
}

std::optional<std::string_view> row::optional_text(std::size_t column) const {
  return is_null(column) ? std::nullopt : std::optional(text(column));
}

void rows::append(std::span<const cell> cells) {
  assert(count_ == 0 || cells.size() == columns_);
  columns_ = cells.size();
  ++count_;
  for (const cell& c : cells) {
    const auto* text = std::get_if<std::string_view>(&c);
    cells_.push_back(text ? cell(keep(*text)) : c);
  }
}

std::string_view rows::keep(std::string_view text) {
  if (text.empty()) {
    return {};
  }
  if (text.size() > text_chunk_bytes / 4) {
    // A chunk of its own, put before the one that is being filled.
    auto own = std::make_unique_for_overwrite<char[]>(text.size());
    std::memcpy(own.get(), text.data(), text.size());
    const std::string_view kept(own.get(), text.size());
    chunks_.insert(chunks_.empty() ? chunks_.end() : chunks_.end() - 1, std::move(own));
    return kept;
  }
  if (chunk_free_ < text.size()) {
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(text_chunk_bytes));
    chunk_free_ = text_chunk_bytes;
  }
  char* const at = chunks_.back().get() + (text_chunk_bytes - chunk_free_);
  std::memcpy(at, text.data(), text.size());
  chunk_free_ -= text.size();
  return {at, text.size()};
}

}  // namespace eunomia::store::sql
