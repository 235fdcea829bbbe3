#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "recommend/model.h"

namespace eunomia::recommend {

// What items have more or less of, such as buyers or a price, and a list is to go by beside their relevance.
struct merit {
  double influence = 0;  // 0 to 1
  std::function<std::optional<double>(item_position)> value = nullptr;
};

// What a list is to be beside relevant. It is chosen from more items than it shows (varied_from), whose relevance is
// put on a scale from 1, the best of them, down to just above 0, the last.
struct variety {
  // 0 to 1: how unlike each other the items are to be. The list grows by the item with the most of
  // (1 - diversity) relevance - diversity * (its likeness to the one it is most like of those chosen before):
  // maximal marginal relevance, Carbonell and Goldstein 1998. Likeness is scorer::likeness, of the nearest of an item's
  // neighbours among the candidates 1. Families that know no items like another show no diversity.
  double diversity = 0;
  // The share of its relevance that an item keeps, 0 to 1, because it was shown before; none: all of it.
  std::function<double(item_position)> kept = nullptr;
  // With merits m of influence w_m, the greatest W, relevance becomes
  //   (1 - W) relevance + W * (the mean of an item's places by the merits, weighed by w_m).
  // A place is the share of the other candidates that an item has more of the merit than, of equals a half; without a
  // value it has less than all that have one. So one price of a million does not make the others equal. Of one merit
  // with influence 1 the candidates are in its order.
  std::vector<merit> merits = {};

  bool is_wanted() const { return diversity > 0 || kept != nullptr || !merits.empty(); }
};

inline constexpr std::size_t max_varied = 500;  // items of a list that variety is asked for

// How many of the best items a list of so many is chosen from.
std::size_t varied_from(std::size_t count);

// Chooses at most count of the candidates, which are ranked, best first. Scores stay theirs, so that they need not
// fall. Throws errc::invalid_argument for a diversity or an influence outside 0 to 1 and for a count above max_varied.
std::vector<scored_item> vary(const scorer& model, std::span<const scored_item> candidates, std::size_t count,
                              const variety& how);

}  // namespace eunomia::recommend
