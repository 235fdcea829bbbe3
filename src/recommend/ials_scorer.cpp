#include "recommend/ials_scorer.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace eunomia::recommend {

namespace {

// Added to the diagonal, as a share of the trace, of a system that float cannot tell from a singular one.
constexpr float least_curvature = 1e-4F;
constexpr std::size_t packed_rows = 64;  // rows of the history scaled at a time, to stay in L1 and L2

void keep_best(std::vector<scored_item>& items, std::size_t count) {
  const auto better = [](const scored_item& a, const scored_item& b) {
    return a.score != b.score ? a.score > b.score : a.item < b.item;
  };
  const std::size_t kept = std::min(count, items.size());
  std::partial_sort(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(kept), items.end(), better);
  items.resize(kept);
}

}  // namespace

struct ials_scorer::folded {
  std::vector<preference> history;  // of items that the model knows something of
  factor_matrix triangle;           // U of A = U'U, [stride x stride]; no rows when the history is empty
  factor_matrix x;                  // [1 x factors]
};

ials_scorer::ials_scorer(std::shared_ptr<const catalogue> items, item_factors factors, const ials_objective& objective,
                         const history_weighting& history, std::shared_ptr<const catalogue> user_features,
                         const ials_kernels& kernels)
    : scorer(std::move(items)),
      factors_(std::move(factors)),
      norms_(factors_.rows.rows()),
      objective_(objective),
      history_(history),
      user_features_(std::move(user_features)),
      kernels_(kernels) {
  assert(factors_.rows.rows() == this->items().size());
  for (std::size_t i = 0; i < norms_.size(); ++i) {
    kernels_.inner_products(factors_.rows.row(i), factors_.rows.stride(), 1, factors_.rows.row(i), &norms_[i]);
    norms_[i] = std::sqrt(norms_[i]);
  }
}

std::vector<feature_value> ials_scorer::features_of(std::span<const std::string> names) const {
  std::vector<feature_value> result;
  for (const std::string& name : names) {
    if (const auto feature = user_features_ == nullptr ? std::nullopt : user_features_->find(name)) {
      result.push_back({*feature, 1});
    }
  }
  return result;
}

ials_scorer::folded ials_scorer::fold_in(const person& who) const {
  const std::size_t d = factors_.rows.stride();
  const std::size_t size = factors_.rows.factors();
  folded result;
  result.x = factor_matrix(1, size);
  float* x = result.x.row(0);
  if (!who.features.empty() && factors_.user_weights.rows() > 0) {
    for (const feature_value& value : who.features) {
      if (value.feature >= factors_.user_weights.rows()) {
        throw core::error(core::errc::invalid_argument, "ials: a feature of the person is not one of the model's");
      }
    }
    predict(who.features, factors_.user_weights, x);
  }
  double total = 0;
  for (const preference& one : weigh(who.history, history_)) {
    if (one.weight > 0 && factors_.known[one.item] != 0) {
      result.history.push_back(one);
      total += one.weight;
    }
  }
  if (result.history.empty()) {
    return result;
  }
  const auto shrinkage = static_cast<float>(objective_.row_regularisation(total, factors_.learned));
  result.triangle = factor_matrix(d, size);
  factor_matrix packed(std::min(packed_rows, result.history.size()), size);
  for (std::size_t j = 0; j < size; ++j) {
    x[j] *= shrinkage;
    result.triangle.row(j)[j] = static_cast<float>(objective_.unobserved_weight) * factors_.spread[j] + shrinkage;
  }
  for (std::size_t first = 0; first < result.history.size(); first += packed_rows) {
    const std::size_t count = std::min(packed_rows, result.history.size() - first);
    for (std::size_t k = 0; k < count; ++k) {
      const preference& one = result.history[first + k];
      const float* y = factors_.rows.row(one.item);
      const float root = std::sqrt(one.weight);
      float* scaled = packed.row(k);
      for (std::size_t j = 0; j < d; ++j) {
        scaled[j] = root * y[j];
        x[j] += one.weight * y[j];
      }
    }
    kernels_.add_gram(packed.data(), d, count, result.triangle.data());
  }
  if (!kernels_.factorise(result.triangle.data(), d, size) && !factorise_stiffened(result, shrinkage)) {
    throw core::error(core::errc::internal, "ials: a person's system is not positive definite");
  }
  kernels_.substitute(result.triangle.data(), d, size, x);
  return result;
}

// Where a history outweighs the regularisation by more than the digits of a float, which a model that came from
// elsewhere may bring about.
bool ials_scorer::factorise_stiffened(folded& of, float shrinkage) const {
  const std::size_t d = factors_.rows.stride();
  const std::size_t size = factors_.rows.factors();
  of.triangle = factor_matrix(d, size);
  factor_matrix scaled(1, size);
  for (const preference& one : of.history) {
    const float* y = factors_.rows.row(one.item);
    const float root = std::sqrt(one.weight);
    std::transform(y, y + d, scaled.row(0), [&](float value) { return root * value; });
    kernels_.add_gram(scaled.data(), d, 1, of.triangle.data());
  }
  float trace = 0;
  for (std::size_t j = 0; j < size; ++j) {
    float& diagonal = of.triangle.row(j)[j];
    diagonal += static_cast<float>(objective_.unobserved_weight) * factors_.spread[j] + shrinkage;
    trace += diagonal;
  }
  for (std::size_t j = 0; j < size; ++j) {
    of.triangle.row(j)[j] += least_curvature * trace;
  }
  return kernels_.factorise(of.triangle.data(), d, size);
}

factor_matrix ials_scorer::user_factor(const person& who) const {
  return fold_in(who).x;
}

void ials_scorer::score(const person& who, std::span<float> scores) const {
  assert(scores.size() == factors_.rows.rows());
  const folded person = fold_in(who);
  kernels_.inner_products(factors_.rows.data(), factors_.rows.stride(), scores.size(), person.x.row(0), scores.data());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (factors_.known[i] == 0) {
      scores[i] = -std::numeric_limits<float>::infinity();
    }
  }
}

std::vector<scored_item> ials_scorer::similar(item_position item, std::size_t count) const {
  if (factors_.known[item] == 0 || !(norms_[item] > 0)) {
    return {};
  }
  std::vector<float> products(factors_.rows.rows());
  kernels_.inner_products(factors_.rows.data(), factors_.rows.stride(), products.size(), factors_.rows.row(item),
                          products.data());
  std::vector<scored_item> result;
  result.reserve(products.size());
  for (item_position i = 0; i < products.size(); ++i) {
    if (i != item && norms_[i] > 0) {
      result.push_back({i, products[i] / (norms_[i] * norms_[item])});
    }
  }
  keep_best(result, count);
  return result;
}

void ials_scorer::likeness(item_position item, std::span<const item_position> others,
                           std::span<float> likenesses) const {
  for (std::size_t k = 0; k < others.size(); ++k) {
    const item_position other = others[k];
    float product = 0;
    if (other != item && norms_[item] > 0 && norms_[other] > 0) {
      kernels_.inner_products(factors_.rows.row(other), factors_.rows.stride(), 1, factors_.rows.row(item), &product);
      product /= norms_[item] * norms_[other];
    }
    likenesses[k] = std::max(0.0F, product);
  }
}

std::vector<contribution> ials_scorer::explain(const person& who, item_position item, std::size_t count) const {
  const folded person = fold_in(who);
  if (person.history.empty() || factors_.known[item] == 0) {
    return {};
  }
  const std::size_t d = factors_.rows.stride();
  factor_matrix direction(1, factors_.rows.factors());  // A^-1 y_i
  std::copy_n(factors_.rows.row(item), d, direction.row(0));
  kernels_.substitute(person.triangle.data(), d, factors_.rows.factors(), direction.row(0));
  std::vector<scored_item> parts;
  for (const preference& one : person.history) {
    float part;
    kernels_.inner_products(factors_.rows.row(one.item), d, 1, direction.row(0), &part);
    if (one.item != item && part > 0) {
      parts.push_back({one.item, one.weight * part});
    }
  }
  keep_best(parts, count);
  double total = 0;
  for (const scored_item& part : parts) {
    total += part.score;
  }
  std::vector<contribution> result;
  result.reserve(parts.size());
  for (const scored_item& part : parts) {
    result.push_back({part.item, static_cast<float>(part.score / total)});
  }
  return result;
}

}  // namespace eunomia::recommend
