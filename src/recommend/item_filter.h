#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "recommend/answer.h"
#include "recommend/dataset.h"

namespace eunomia::recommend {

// A condition on one column: NAME=VALUE, != , <, <=, > or >=. A category or list "a|b" equals each of its parts;
// integers and numbers are compared as numbers; an item without a value meets only !=.
struct item_condition {
  enum class comparison { equal, not_equal, less, less_or_equal, greater, greater_or_equal };

  std::string column;
  comparison how = comparison::equal;
  std::string value;

  // Throws errc::invalid_argument saying what was expected.
  static item_condition parse(std::string_view text);
};

// The items that meet all conditions. Throws errc::not_found for a column that is not there, errc::invalid_argument for
// an order on a column of words, or a value that is no number on a column of numbers.
item_set items_that_meet(const std::vector<item_condition>& conditions, const item_metadata& metadata,
                         std::uint32_t items);

}  // namespace eunomia::recommend
