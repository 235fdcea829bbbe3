#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "recommend/dataset.h"

namespace eunomia::recommend {

enum class comparison { equal, not_equal, less, less_or_equal, greater, greater_or_equal };

// Asks values of one declared column how they compare with what is wanted: whether they equal any of it, or none of it,
// or stand in an order to it. A category "a|b" equals each of its parts; integers and numbers are compared as numbers;
// an absent value meets only not_equal.
class value_condition {
 public:
  // An order is to one wanted value; where there is none, nothing meets it. Throws errc::invalid_argument, beginning
  // with the place ("where"), for an order of words, or a value that is no number for a column of numbers.
  value_condition(std::string_view place, const metadata_column& column, comparison how,
                  std::vector<std::string> wanted);

  bool holds(const std::optional<std::string>& found) const;

 private:
  bool holds_for_number(const std::optional<std::string>& found) const;
  bool equals_any(std::string_view found) const;

  metadata_type type_;
  comparison how_;
  std::vector<std::string> words_;
  std::vector<double> numbers_;
};

// The parts of a value: of a category those between '|', else the value itself.
std::vector<std::string> parts_of(metadata_type type, std::string_view value);

}  // namespace eunomia::recommend
