#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "recommend/model.h"

namespace eunomia::recommend {

// How far two models are from each other, in what people see of them; of any family, over one catalogue.
struct model_distance {
  std::size_t compared = 0;        // histories
  double relative_difference = 0;  // |A - B| / |B|, Frobenius norms, of the scores of all items for all histories; only
                                   // items that are candidates in both count
  double overlap = 1;              // mean share of the top list of B that is in that of A, in any order
  double identical = 1;            // share of histories whose ordered top lists are the same
};

// Compares the scores, and the top `count` items outside the history, that two models give for each history. Factors
// themselves are not compared: they are determined up to a rotation only.
model_distance distance(const scorer& a, const scorer& b, std::span<const std::vector<preference>> histories,
                        std::size_t count = 25);
// On `sample` people that b learned from, evenly spaced by handle.
model_distance distance(const model& a, const model& b, std::size_t sample = 500, std::size_t count = 25);

}  // namespace eunomia::recommend
