#include "app/text_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>

namespace eunomia::app {

namespace {

// How many columns of a terminal a UTF-8 text takes, near enough: one for each code point.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789.,+-%eE") == std::string::npos;
}

// Identifiers come from files: what would move the cursor is shown as a point.
std::string printable(std::string text) {
  constexpr std::size_t longest = 60;
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      c = '.';
    }
  }
  if (width(text) > longest) {
    std::size_t end = 0;
    for (std::size_t points = 0; points < longest - 1; ++points) {
      do {
        ++end;
      } while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80);
    }
    text.resize(end);
    text += "…";
  }
  return text;
}

}  // namespace

text_table::text_table(std::vector<std::string> header) {
  rows_.push_back(std::move(header));
}

void text_table::add(std::vector<std::string> row) {
  assert(row.size() <= rows_.front().size());
  row.resize(rows_.front().size());
  std::transform(row.begin(), row.end(), row.begin(), printable);
  rows_.push_back(std::move(row));
}

std::string text_table::str() const {
  const std::size_t columns = rows_.front().size();
  std::vector<std::size_t> widths(columns);
  std::vector<bool> numbers(columns, rows_.size() > 1);
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      widths[c] = std::max(widths[c], width(rows_[r][c]));
      numbers[c] = numbers[c] && (r == 0 || rows_[r][c].empty() || rows_[r][c] == "-" || is_number(rows_[r][c]));
    }
  }
  std::string text;
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    std::string line;
    for (std::size_t c = 0; c < columns; ++c) {
      const std::string padding(widths[c] - width(rows_[r][c]), ' ');
      line += (c == 0 ? "" : "  ") + (numbers[c] ? padding + rows_[r][c] : rows_[r][c] + padding);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
    if (r == 0) {
      std::size_t total = 2 * (columns - 1);
      for (const std::size_t w : widths) {
        total += w;
      }
      text += std::string(total, '-') + '\n';
    }
  }
  return text;
}

std::string fixed(double value, int decimals) {
  return std::isfinite(value) ? fmt::format("{:.{}f}", value, decimals) : "-";
}

std::string grouped(std::uint64_t value) {
  const std::string digits = std::to_string(value);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) {
      text += ',';
    }
    text += digits[i];
  }
  return text;
}

}  // namespace eunomia::app
