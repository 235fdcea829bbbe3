#include "recommend/ials_trainer.h"

#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace eunomia::recommend {

namespace {

// SplitMix64 (Steele, Lea, Flood 2014) from an item's own state.
class random_source {
 public:
  explicit random_source(std::uint64_t state) : state_(state) {}

  double normal() { return std::sqrt(-2 * std::log(1 - uniform())) * std::cos(2 * std::numbers::pi * uniform()); }

 private:
  double uniform() {
    std::uint64_t x = state_ += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1p-53;
  }

  std::uint64_t state_;
};

std::vector<float> totals_of(const interaction_rows& rows) {
  std::vector<float> result(rows.rows());
  for (std::size_t r = 0; r < result.size(); ++r) {
    result[r] = rows.total(r);
  }
  return result;
}

std::vector<float> shrinkage_of(const interaction_rows& rows, const std::vector<float>& totals,
                                const ials_objective& objective, std::size_t other_side) {
  std::vector<float> result(rows.rows());
  for (std::size_t r = 0; r < result.size(); ++r) {
    result[r] = rows.count(r) == 0 ? 0.0F : static_cast<float>(objective.row_regularisation(totals[r], other_side));
  }
  return result;
}

}  // namespace

ials_trainer::ials_trainer(const preferences& rows, const row_features& users, const row_features& items,
                           const ials_objective& objective, double feature_regularisation, const ials_machine& machine)
    : preferences_(rows),
      user_features_(users),
      item_features_(items),
      objective_(objective),
      feature_regularisation_(feature_regularisation),
      machine_(machine),
      columns_(rows.transposed()) {
  const float quantum = rows.weight_in_units(1);
  by_user_ = {rows.row_begin, rows.item, rows.weight, quantum};
  by_item_ = {columns_.begin, columns_.row, columns_.weight, quantum};
  if (rows.quanta_per_unit == 1 &&
      std::all_of(rows.weight.begin(), rows.weight.end(), [](std::uint16_t weight) { return weight == 1; })) {
    by_user_.weight = {};
    by_item_.weight = {};
  }
  for (std::size_t i = 0; i < by_item_.rows(); ++i) {
    learned_items_ += by_item_.count(i) > 0;
  }
  user_totals_ = totals_of(by_user_);
  item_totals_ = totals_of(by_item_);
  user_shrinkage_ = shrinkage_of(by_user_, user_totals_, objective, learned_items_);
  item_shrinkage_ = shrinkage_of(by_item_, item_totals_, objective, by_user_.rows());
}

void ials_trainer::start(std::size_t factors, double deviation, std::uint64_t seed) {
  items_ = factor_matrix(by_item_.rows(), factors);
  users_ = factor_matrix(by_user_.rows(), factors);
  user_weights_ = factor_matrix(user_features_.features, factors);
  item_weights_ = factor_matrix(item_features_.features, factors);
  cold_ = true;
  const double scale = deviation / std::sqrt(static_cast<double>(factors));
  machine_.pool.for_each(items_.rows(), [&](std::size_t i, unsigned) {
    if (by_item_.count(i) == 0) {
      return;
    }
    const std::string& id = preferences_.items->id(static_cast<item_position>(i));
    random_source random(XXH3_64bits_withSeed(id.data(), id.size(), seed));
    for (std::size_t j = 0; j < factors; ++j) {
      items_.row(i)[j] = static_cast<float>(scale * random.normal());
    }
  });
}

void ials_trainer::resume(const item_factors& from) {
  items_ = from.rows.copy();
  users_ = factor_matrix(by_user_.rows(), items_.factors());
  user_weights_ = from.user_weights.copy();
  item_weights_ = from.item_weights.copy();
  cold_ = true;
  for (std::size_t i = 0; i < items_.rows(); ++i) {
    if (by_item_.count(i) == 0) {
      std::fill_n(items_.row(i), items_.stride(), 0.0F);
    }
  }
}

double ials_trainer::iterate() {
  const std::size_t factors = items_.factors();
  principal_axes axes = principal_axes_of(gram(items_, machine_), factors);
  machine_.job.check();
  rotate_all(axes);
  (void)solve_half(by_user_, items_, item_totals_, axes.spread, objective_, learned_items_,
                   prior(user_features_, user_weights_), cold_ ? cold_steps : warm_steps, users_, machine_);
  cold_ = false;
  if (!user_features_.empty()) {
    fit(user_features_, users_, user_shrinkage_, feature_regularisation_, feature_steps, user_weights_, machine_);
  }
  axes = principal_axes_of(gram(users_, machine_), factors);
  machine_.job.check();
  rotate_all(axes);
  const double moved = solve_half(by_item_, users_, user_totals_, axes.spread, objective_, by_user_.rows(),
                                  prior(item_features_, item_weights_), warm_steps, items_, machine_);
  if (!item_features_.empty()) {
    fit(item_features_, items_, item_shrinkage_, feature_regularisation_, feature_steps, item_weights_, machine_);
  }
  return moved;
}

double ials_trainer::loss() const {
  return ials_loss(by_user_, by_item_, users_, items_, objective_, machine_);
}

item_factors ials_trainer::finish() {
  users_ = {};
  principal_axes axes = principal_axes_of(gram(items_, machine_), items_.factors());
  rotate_all(axes);
  item_factors result;
  result.spread = std::move(axes.spread);
  result.learned = static_cast<std::uint32_t>(learned_items_);
  result.known.resize(items_.rows());
  for (std::size_t i = 0; i < items_.rows(); ++i) {
    if (by_item_.count(i) > 0) {
      result.known[i] = 1;
    } else if (!item_features_.empty() && learned_items_ > 0 && !item_features_.row(i).empty()) {
      result.known[i] = 2;
      predict(item_features_.row(i), item_weights_, items_.row(i));
    }
  }
  result.rows = std::move(items_);
  result.item_weights = std::move(item_weights_);
  result.user_weights = std::move(user_weights_);
  return result;
}

void ials_trainer::rotate_all(const principal_axes& axes) {
  for (factor_matrix* rows : {&users_, &items_, &user_weights_, &item_weights_}) {
    rotate(*rows, axes, machine_);
  }
}

factor_matrix ials_trainer::prior(const row_features& features, const factor_matrix& weights) const {
  return features.empty() ? factor_matrix() : predict(features, weights, machine_);
}

}  // namespace eunomia::recommend
