#include "recommend/variety.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"

namespace eunomia::recommend {

namespace {

constexpr std::size_t least_candidates = 100;
constexpr std::size_t candidates_for_a_place = 4;

struct candidate_item {
  scored_item what;
  double relevance = 0;  // 0 to 1
  double likeness = 0;   // to the chosen one that it is most like, 0 to 1
  bool chosen = false;
};

// The share of the others that each is greater than, of equals a half; none is less than any value.
std::vector<double> places(const std::vector<std::optional<double>>& values) {
  std::vector<std::size_t> ascending(values.size());
  std::iota(ascending.begin(), ascending.end(), std::size_t{0});
  std::ranges::sort(ascending, {}, [&](std::size_t i) { return values[i]; });
  std::vector<double> found(values.size());
  const double others = std::max<double>(static_cast<double>(values.size()) - 1, 1);
  for (std::size_t begin = 0; begin < ascending.size();) {
    std::size_t end = begin + 1;
    while (end < ascending.size() && values[ascending[end]] == values[ascending[begin]]) {
      ++end;
    }
    for (std::size_t i = begin; i < end; ++i) {
      found[ascending[i]] = static_cast<double>(begin + end - 1) / 2 / others;
    }
    begin = end;
  }
  return found;
}

// Each relevance becomes what variety::merits says.
void weigh_by(const std::vector<merit>& merits, std::vector<candidate_item>& all) {
  double greatest = 0;
  double sum = 0;
  for (const merit& one : merits) {
    greatest = std::max(greatest, one.influence);
    sum += one.influence;
  }
  if (sum == 0) {
    return;
  }
  for (candidate_item& one : all) {
    one.relevance *= 1 - greatest;
  }
  for (const merit& by : merits) {
    std::vector<std::optional<double>> values;
    values.reserve(all.size());
    for (const candidate_item& one : all) {
      values.push_back(by.value(one.what.item));
    }
    const std::vector<double> place = places(values);
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i].relevance += greatest * by.influence / sum * place[i];
    }
  }
}

std::vector<candidate_item> relevant(std::span<const scored_item> candidates, const variety& how) {
  std::vector<candidate_item> all;
  all.reserve(candidates.size());
  const double best = static_cast<double>(candidates.front().score);
  const double last = static_cast<double>(candidates.back().score);
  // The last is above 0, so that it is above what keeps nothing.
  const double least = 1 / static_cast<double>(candidates.size());
  for (const scored_item& one : candidates) {
    const double place = best > last ? (static_cast<double>(one.score) - last) / (best - last) : 1;
    all.push_back({.what = one, .relevance = least + (1 - least) * place});
  }
  weigh_by(how.merits, all);
  for (candidate_item& one : all) {
    one.relevance *= how.kept ? how.kept(one.what.item) : 1;
  }
  return all;
}

// What is chosen pushes those away that are like it.
class likenesses {
 public:
  likenesses(const scorer& model, std::span<const scored_item> candidates) : model_(model), found_(candidates.size()) {
    for (const scored_item& one : candidates) {
      items_.push_back(one.item);
    }
  }

  void to(item_position chosen, std::vector<candidate_item>& all) {
    model_.likeness(chosen, items_, found_);
    const float nearest = *std::max_element(found_.begin(), found_.end());
    for (std::size_t i = 0; nearest > 0 && i < all.size(); ++i) {
      all[i].likeness = std::max(all[i].likeness, static_cast<double>(found_[i] / nearest));
    }
  }

 private:
  const scorer& model_;
  std::vector<item_position> items_;
  std::vector<float> found_;
};

}  // namespace

std::size_t varied_from(std::size_t count) {
  return std::max(least_candidates, candidates_for_a_place * count);
}

std::vector<scored_item> vary(const scorer& model, std::span<const scored_item> candidates, std::size_t count,
                              const variety& how) {
  if (!(how.diversity >= 0 && how.diversity <= 1)) {
    throw core::error(core::errc::invalid_argument, fmt::format("diversity must be 0 to 1, got {}", how.diversity));
  }
  for (const merit& one : how.merits) {
    if (!(one.influence >= 0 && one.influence <= 1)) {
      throw core::error(core::errc::invalid_argument, fmt::format("influence must be 0 to 1, got {}", one.influence));
    }
  }
  if (count > max_varied) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("count must be at most max_varied = {} where a list goes by more than relevance, "
                                  "got {}",
                                  max_varied, count));
  }
  std::vector<scored_item> list;
  if (candidates.empty()) {
    return list;
  }
  std::vector<candidate_item> all = relevant(candidates, how);
  likenesses alike(model, candidates);
  while (list.size() < std::min(count, all.size())) {
    candidate_item* best = nullptr;
    double most = 0;
    for (candidate_item& one : all) {  // of equals the one that ranks higher
      const double worth = (1 - how.diversity) * one.relevance - how.diversity * one.likeness;
      if (!one.chosen && (best == nullptr || worth > most)) {
        best = &one;
        most = worth;
      }
    }
    best->chosen = true;
    list.push_back(best->what);
    if (how.diversity > 0) {
      alike.to(best->what.item, all);
    }
  }
  return list;
}

}  // namespace eunomia::recommend
