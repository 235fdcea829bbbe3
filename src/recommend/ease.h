#pragma once

#include <string>

#include "recommend/family.h"
#include "recommend/history.h"
#include "recommend/preferences.h"

namespace eunomia::recommend {

// EASE: Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019. With X [people x items] the
// preferences, G = X^T X their Gram matrix and P = (G + lambda I)^-1, a person x scores the item j by sum over i of x_i
// B_ij, where B_ij = -P_ij / P_jj and B_jj = 0 (equation 8).
//
// It forgets exactly. G is kept in integers, so that taking a person out of it is exact whatever came before; P follows
// from G. forget() takes the person out of P by a downdate in O(n^2) (Sherman, Morrison 1950; Woodbury 1950), a few
// milliseconds at 4,000 items, at the level exact_up_to_rounding; rederive() inverts the Gram matrix anew, after which
// the model, and its file byte for byte, is that of a training without them. forget() itself inverts anew, and its
// report says exact, when that is as cheap or needed for accuracy: for batches of more than a quarter of the items,
// after maximum_downdates, when a downdate would lose digits, and for a model just loaded, whose file holds G but only
// float32 of P. rederive() and forget() run one at a time; readers never wait for either. An item that nobody has any
// longer is no candidate, and the rest of P is, to the last digits, what it is without that item.
//
// Items that nobody has do not enter the matrices: n counts the items with a preference. Memory: 4 bytes for each
// element of half the matrix for G, 8 or 4 for P in the master's precision, and 4 n^2 for the square that answers are
// computed from (twice that while forgetting, with one to publish next).
struct ease_parameters {
  // The weight of the regularisation (Steck's lambda), in squared units of weight.
  double lambda = 500;
  // Regularises an item by dropout / (1 - dropout) * G_ii as well: training with that share of each history hidden
  // (EDLAE: Steck, "Autoencoders that don't overfit towards the Identity", NeurIPS 2020, equation 6). Forgetting then
  // costs one rank for each item of the person instead of one for the person.
  double dropout = 0;
  // "float64" or "float32": of the inversion and the downdates. "auto" is float64 up to largest_float64_catalogue items
  // where that fits memory; the model's parameters() say which it was.
  std::string precision = "auto";
  // What of a history counts how much at answering. Measured on Online Retail, {"older_weight": 0.1} takes nDCG@10 from
  // .090 to .109, and weighting.half_life_days = 180 with lambda = 300 to .114.
  history_weighting history;
  // At answering, a positive score is multiplied by (0.2 + t)^trend_exponent, where t is the number of people whose
  // newest event with the item was on a day before now, each halved with every trend_half_life_days; 0: it is not.
  // For shops whose assortment moves with the season: 0.25 adds to the above where what comes next is a new basket,
  // and takes away where it is the rest of the last one.
  double trend_exponent = 0;
  double trend_half_life_days = 7;
  recommend::weighting weighting;

  static constexpr std::uint32_t largest_float64_catalogue = 16384;
  static constexpr std::uint32_t maximum_downdates_float64 = 10000;
  static constexpr std::uint32_t maximum_downdates_float32 = 200;
};
BOOST_DESCRIBE_STRUCT(ease_parameters, (),
                      (lambda, dropout, precision, history, trend_exponent, trend_half_life_days, weighting))

// Throws errc::invalid_argument.
void check(const ease_parameters& parameters);

const family& ease_family();

}  // namespace eunomia::recommend
