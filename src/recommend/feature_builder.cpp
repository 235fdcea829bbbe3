#include "recommend/feature_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "recommend/import_reader.h"

namespace eunomia::recommend {

namespace {

constexpr std::size_t shortest_word = 2;

void number_feature(const std::string& column, double value, std::vector<std::string>& names) {
  if (value == 0) {
    names.push_back(column + "=0");
    return;
  }
  const double step = std::floor(2 * std::log2(std::abs(value)));
  const double low = std::exp2(step / 2);
  const double high = std::exp2((step + 1) / 2);
  names.push_back(value > 0 ? fmt::format("{} in [{:.3g}, {:.3g})", column, low, high)
                            : fmt::format("{} in (-{:.3g}, -{:.3g}]", column, high, low));
}

// Letters and digits; every byte of a character beyond ASCII counts as a letter.
bool is_word_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

// ASCII, and the capitals of Latin-1 (U+00C0 to U+00DE but for the sign of multiplication).
std::string lower(std::string_view word) {
  std::string out(word);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto byte = static_cast<unsigned char>(out[i]);
    if (byte >= 'A' && byte <= 'Z') {
      out[i] = static_cast<char>(byte + 0x20);
    } else if (byte == 0xC3 && i + 1 < out.size()) {
      const auto next = static_cast<unsigned char>(out[i + 1]);
      if (next >= 0x80 && next <= 0x9E && next != 0x97) {
        out[i + 1] = static_cast<char>(next + 0x20);
      }
      ++i;
    }
  }
  return out;
}

void words_of(const std::string& column, std::string_view value, std::vector<std::string>& names) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < value.size() && found < max_words;) {
    if (!is_word_byte(value[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < value.size() && is_word_byte(value[end])) {
      ++end;
    }
    if (end - i >= shortest_word && end - i <= longest_whole_value) {
      names.push_back(column + "~" + lower(value.substr(i, end - i)));
      ++found;
    }
    i = end;
  }
}

}  // namespace

void features_of_value(const metadata_column& column, std::string_view value, std::vector<std::string>& names) {
  if (value.empty()) {
    return;
  }
  if (column.type == metadata_type::category) {
    for (std::size_t begin = 0; begin <= value.size();) {
      const std::size_t end = std::min(value.find('|', begin), value.size());
      if (end > begin) {
        names.push_back(column.name + "=" + std::string(value.substr(begin, end - begin)));
      }
      begin = end + 1;
    }
    return;
  }
  if (const auto number = number_of(value)) {
    number_feature(column.name, *number, names);
    return;
  }
  if (value.size() <= longest_whole_value) {
    names.push_back(column.name + "=" + std::string(value));
  }
  words_of(column.name, value, names);
}

void feature_matrix_builder::add_row(const std::vector<std::string>& names) {
  const std::size_t begin = entries_.size();
  for (const std::string& name : names) {
    const auto [found, fresh] = numbers_.emplace(name, static_cast<std::uint32_t>(rows_with_.size()));
    if (fresh) {
      rows_with_.push_back(0);
    }
    entries_.push_back(found->second);
  }
  const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(begin);
  std::sort(first, entries_.end());
  entries_.erase(std::unique(first, entries_.end()), entries_.end());
  for (std::size_t i = begin; i < entries_.size(); ++i) {
    ++rows_with_[entries_[i]];
  }
  row_begin_.push_back(entries_.size());
}

feature_matrix feature_matrix_builder::finish() {
  std::vector<std::pair<std::string_view, std::uint32_t>> kept;
  for (const auto& [name, number] : numbers_) {
    if (rows_with_[number] >= minimum_feature_rows) {
      kept.emplace_back(name, number);
    }
  }
  if (kept.size() > max_features) {
    std::sort(kept.begin(), kept.end(), [&](const auto& a, const auto& b) {
      return rows_with_[a.second] != rows_with_[b.second] ? rows_with_[a.second] > rows_with_[b.second]
                                                          : a.first < b.first;
    });
    kept.resize(max_features);
  }
  std::sort(kept.begin(), kept.end());
  constexpr std::uint32_t dropped = UINT32_MAX;
  std::vector<std::uint32_t> position(rows_with_.size(), dropped);
  feature_matrix made;
  for (const auto& [name, number] : kept) {
    position[number] = static_cast<std::uint32_t>(made.names.size());
    made.names.emplace_back(name);
  }
  for (std::size_t row = 0; row + 1 < row_begin_.size(); ++row) {
    const auto first = static_cast<std::ptrdiff_t>(made.values.size());
    for (std::uint64_t i = row_begin_[row]; i < row_begin_[row + 1]; ++i) {
      if (position[entries_[i]] != dropped) {
        made.values.push_back({position[entries_[i]], 1.0F});
      }
    }
    std::sort(made.values.begin() + first, made.values.end(),
              [](const feature_value& a, const feature_value& b) { return a.feature < b.feature; });
    made.row_begin.push_back(made.values.size());
  }
  return made;
}

// Names of columns hold none of what follows them in a feature's.
static std::string_view column_of(std::string_view feature) {
  return feature.substr(0, feature.find_first_of("=~ "));
}

feature_matrix of_columns(const feature_matrix& all, std::span<const std::string> columns) {
  constexpr std::uint32_t dropped = UINT32_MAX;
  feature_matrix kept;
  std::vector<std::uint32_t> position(all.names.size(), dropped);
  for (std::size_t i = 0; i < all.names.size(); ++i) {
    if (std::ranges::find(columns, column_of(all.names[i])) != columns.end()) {
      position[i] = static_cast<std::uint32_t>(kept.names.size());
      kept.names.push_back(all.names[i]);
    }
  }
  for (std::uint32_t row = 0; row < all.rows(); ++row) {
    for (const feature_value& one : all.row(row)) {
      if (position[one.feature] != dropped) {
        kept.values.push_back({position[one.feature], one.value});
      }
    }
    kept.row_begin.push_back(kept.values.size());
  }
  return kept;
}

}  // namespace eunomia::recommend
