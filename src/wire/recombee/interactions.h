#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "recommend/dataset.h"

namespace eunomia::wire::recombee {

// The six kinds of interactions, which are types of events here.
struct interaction_kind {
  std::string_view path;        // "detailviews"
  std::string_view event_type;  // "detail-view"
};
inline constexpr std::array<interaction_kind, 6> interaction_kinds = {{{"detailviews", "detail-view"},
                                                                       {"purchases", "purchase"},
                                                                       {"ratings", "rating"},
                                                                       {"cartadditions", "cart-addition"},
                                                                       {"bookmarks", "bookmark"},
                                                                       {"viewportions", "view-portion"}}};
// A rating below 0 says that somebody does not like it: nothing is recommended for its sake.
inline constexpr std::string_view disliked_type = "rating-below-0";

// The columns of interactions that hold what Recombee's clients tell of one.
std::vector<recommend::metadata_column> interaction_columns();

}  // namespace eunomia::wire::recombee
