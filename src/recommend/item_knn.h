#pragma once

#include <cstdint>

#include "recommend/family.h"
#include "recommend/history.h"
#include "recommend/preferences.h"

namespace eunomia::recommend {

// Item-based nearest neighbours: Sarwar, Karypis, Konstan, Riedl: Item-based collaborative filtering recommendation
// algorithms (WWW 2001); Deshpande, Karypis: Item-based top-N recommendation algorithms (ACM TOIS 22(1), 2004). With
// C = X^T X, counted in integers, the similarity of an item i of the history to a candidate j is
//
//   s_ij = C_ij / (C_ii^(1 - popularity_discount) C_jj^popularity_discount) * C_ij / (C_ij + shrinkage)
//
// which is the cosine at .5 without shrinkage. Each candidate keeps its most similar neighbours, ties by position, and
// scores the sum over those in the history of weight * s_ij^exponent. Candidates without a neighbour in the history
// follow, the more popular first, with scores below 0; items that nobody has are no candidates.
//
// Forgetting is exact: similarities are functions of integers. When somebody leaves, the rows of their items are
// counted again from the people who remain. Of any other list only the entries of those items change, and they grow
// (C_ii shrinks, C_ij stays): merging them into the list gives what sorting the whole row would.
struct item_knn_parameters {
  std::uint32_t neighbours = 100;             // of each candidate, 1 to 10000
  double popularity_discount = 0.5;           // 0 to 1: 0 favours popular candidates, 1 rare ones
  double shrinkage = 0;                       // co-interactions, from 0: mistrusts similarities of few people
  std::uint32_t minimum_co_interactions = 1;  // people who must have both items
  double exponent = 1;                        // above 0 to 10: above 1 the nearest neighbours count for more
  history_weighting history;
  recommend::weighting weighting;
};
BOOST_DESCRIBE_STRUCT(item_knn_parameters, (),
                      (neighbours, popularity_discount, shrinkage, minimum_co_interactions, exponent, history,
                       weighting))
void check(const item_knn_parameters& parameters);

const family& item_knn_family();

}  // namespace eunomia::recommend
