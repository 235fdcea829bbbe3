#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "recommend/dataset.h"
#include "recommend/features.h"

namespace eunomia::recommend {

// Side features from metadata, by rules that look at one value alone, so that one new item or person has the same
// features as if it had been there at training:
//
//   integer, number   the half-octave the value lies in: PRICE 2.95 has "PRICE in [2.83, 4)"; 0 and negative values
//                     likewise ("PRICE in (-4, -2.83]")
//   category          its parts between '|': GENRES "Drama|War" has "GENRES=Drama" and "GENRES=War"
//   text              a value that is a number is treated as one; else the whole value when it is short,
//                     "COUNTRY=United Kingdom", and its words in lower case, "DESCRIPTION~lamp"
//
// Every feature has the value 1. Of them all, feature_matrix_builder keeps those of at least minimum_feature_rows
// rows, the max_features most frequent.
inline constexpr std::uint32_t minimum_feature_rows = 3;
inline constexpr std::size_t max_features = 100'000;
inline constexpr std::size_t longest_whole_value = 64;  // bytes
inline constexpr std::size_t max_words = 256;           // of one value; what follows is left out

// Appends the names of the features of one value; nothing for an empty one.
void features_of_value(const metadata_column& column, std::string_view value, std::vector<std::string>& names);

// The features of these columns alone; columns in upper case, any order.
feature_matrix of_columns(const feature_matrix& all, std::span<const std::string> columns);

// Gathers the features of rows and makes the matrix.
class feature_matrix_builder {
 public:
  // The features of the next row; duplicates allowed.
  void add_row(const std::vector<std::string>& names);
  // Features in byte order of their names: the same rows give the same matrix.
  feature_matrix finish();

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::vector<std::uint32_t> rows_with_;  // by number
  std::vector<std::uint64_t> row_begin_ = {0};
  std::vector<std::uint32_t> entries_;
};

}  // namespace eunomia::recommend
