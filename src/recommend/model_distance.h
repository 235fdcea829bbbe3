#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "recommend/model.h"

namespace eunomia::recommend {

// How far two models of one family are from each other, in what people see of them. Factors themselves are not
// compared: they are determined up to a rotation only.
struct model_distance {
  std::uint32_t compared = 0;   // histories
  std::uint32_t identical = 0;  // of them, those whose ordered lists are the same
  double overlap = 1;           // mean share of the items of a list that are in the other model's too, in any order
  // Largest over the histories of (largest difference of two scores) / (largest score of either), of the items that
  // are candidates in both; infinity when an item is a candidate in one of them only.
  double max_relative_difference = 0;
  // |A - B| / |B| in Frobenius norms, of the scores of all items for all histories that are candidates in both.
  double relative_difference = 0;
};

// Compares the scores, and the best `count` items outside the history, that two models give for each history. Throws
// errc::invalid_argument when their catalogues differ in size.
model_distance distance(const scorer& a, const scorer& b, std::span<const std::vector<preference>> histories,
                        std::size_t count = 25);

}  // namespace eunomia::recommend
