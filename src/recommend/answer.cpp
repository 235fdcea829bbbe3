#include "recommend/answer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <random>

#include "core/error.h"

namespace eunomia::recommend {

namespace {

constexpr float no_candidate = -std::numeric_limits<float>::infinity();

bool better(const scored_item& a, const scored_item& b) {
  return a.score > b.score || (a.score == b.score && a.item < b.item);
}

// Whether any is greater; NaN is not. Without an early exit, so that it compiles to vector comparisons.
bool any_above(std::span<const float> scores, float bound) {
  unsigned any = 0;
  for (const float score : scores) {
    any |= score > bound ? 1U : 0U;
  }
  return any != 0;
}

// Whether no candidate is better than another.
bool all_alike(std::span<const float> scores) {
  std::optional<float> met;
  for (const float score : scores) {
    if (!std::isfinite(score)) {
      continue;
    }
    if (met && *met != score) {
      return false;
    }
    met = score;
  }
  return true;
}

// The scores of one request; kept by the thread, so that answering does not allocate megabytes each time.
std::span<float> scores_of(const scorer& model, const person& who, std::span<const std::uint32_t> popularity) {
  thread_local std::vector<float> scratch;
  scratch.resize(model.items().size());
  model.score(who, scratch);
  if (who.history.empty() && popularity.size() == scratch.size() && all_alike(scratch)) {
    for (std::size_t item = 0; item < scratch.size(); ++item) {
      scratch[item] = popularity[item] > 0 ? static_cast<float>(popularity[item]) : std::min(scratch[item], 0.0F);
    }
  }
  return scratch;
}

// See recommendation_request::factors.
void multiply(std::span<float> scores, std::span<const float> factors) {
  for (std::size_t i = 0; i < std::min(scores.size(), factors.size()); ++i) {
    if (factors[i] > 0) {
      scores[i] = scores[i] < 0 ? scores[i] / factors[i] : scores[i] * factors[i];
    } else {
      scores[i] = no_candidate;
    }
  }
}

// The new items to show, see exploration.
std::vector<scored_item> draw(std::span<const float> scores, std::size_t count, const recommendation_request& request) {
  std::vector<scored_item> pool;
  for (item_position item = 0; item < request.explore.new_items->size(); ++item) {
    if (request.explore.new_items->contains(item) && (request.allowed == nullptr || request.allowed->contains(item))) {
      pool.push_back({item, item < scores.size() && std::isfinite(scores[item]) ? scores[item] : no_candidate});
    }
  }
  std::erase_if(pool, [&](const scored_item& entry) {
    return request.exclude_history && std::any_of(request.who.history.begin(), request.who.history.end(),
                                                  [&](const preference& p) { return p.item == entry.item; });
  });
  std::sort(pool.begin(), pool.end(), better);
  std::mt19937_64 random(request.explore.seed);
  std::vector<std::pair<double, std::size_t>> keys;  // the largest u^(1/weight) win, here by their logarithm
  for (std::size_t begin = 0; begin < pool.size();) {
    std::size_t end = begin + 1;
    while (end < pool.size() && pool[end].score == pool[begin].score) {
      ++end;
    }
    const double rank = static_cast<double>(begin + end - 1) / 2;  // of equals, the middle of their places
    for (std::size_t i = begin; i < end; ++i) {
      const double u = (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53;
      keys.emplace_back(std::log(u) * (1 + rank), i);
    }
    begin = end;
  }
  const std::size_t drawn = std::min(count, keys.size());
  std::partial_sort(
      keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(drawn), keys.end(),
      [](const auto& a, const auto& b) { return a.first > b.first || (a.first == b.first && a.second < b.second); });
  std::vector<scored_item> result;
  result.reserve(drawn);
  for (std::size_t i = 0; i < drawn; ++i) {
    result.push_back(pool[keys[i].second]);
  }
  return result;
}

// Puts explored items at evenly spread places of the list.
std::vector<recommendation> interleave(std::span<const scored_item> ranked, std::span<const scored_item> explored,
                                       std::size_t count) {
  const std::size_t total = std::min(count, ranked.size() + explored.size());
  std::vector<recommendation> result;
  std::size_t e = 0;
  std::size_t r = 0;
  while (result.size() < total) {
    const bool place_of_explored =
        e < explored.size() && (r == ranked.size() || result.size() + 1 == (e + 1) * total / explored.size());
    const scored_item& next = place_of_explored ? explored[e++] : ranked[r++];
    result.push_back({next.item, next.score, place_of_explored});
  }
  return result;
}

}  // namespace

void item_set::keep_only(const item_set& other) {
  for (std::size_t i = 0; i < words_.size(); ++i) {
    words_[i] &= i < other.words_.size() ? other.words_[i] : 0;
  }
}

void item_set::insert_all(const item_set& other) {
  for (std::size_t i = 0; i < std::min(words_.size(), other.words_.size()); ++i) {
    words_[i] |= other.words_[i];
  }
}

void item_set::erase_all(const item_set& other) {
  for (std::size_t i = 0; i < std::min(words_.size(), other.words_.size()); ++i) {
    words_[i] &= ~other.words_[i];
  }
}

std::uint32_t item_set::count() const {
  std::uint32_t total = 0;
  for (item_position item = 0; item < size_; ++item) {
    total += contains(item) ? 1 : 0;
  }
  return total;
}

std::vector<scored_item> top(std::span<const float> scores, std::size_t count, const item_set* allowed) {
  // A heap of the best so far, its worst on top: most items lose against that with one comparison, and once the heap is
  // full, most blocks lose as a whole.
  constexpr std::size_t block_size = 64;
  std::vector<scored_item> best;
  if (count == 0) {
    return best;
  }
  best.reserve(std::min(count, scores.size()));
  float worst = no_candidate;
  for (std::size_t begin = 0; begin < scores.size(); begin += block_size) {
    const auto block = scores.subspan(begin, std::min(block_size, scores.size() - begin));
    if (!any_above(block, worst)) {
      continue;
    }
    for (std::size_t i = 0; i < block.size(); ++i) {
      const auto item = static_cast<item_position>(begin + i);
      if (!(block[i] > worst) || !std::isfinite(block[i]) || (allowed != nullptr && !allowed->contains(item))) {
        continue;
      }
      if (best.size() == count) {
        std::pop_heap(best.begin(), best.end(), better);
        best.pop_back();
      }
      best.push_back({item, block[i]});
      std::push_heap(best.begin(), best.end(), better);
      worst = best.size() == count ? best.front().score : no_candidate;
    }
  }
  std::sort_heap(best.begin(), best.end(), better);
  return best;
}

std::vector<recommendation> recommend(const scorer& model, const recommendation_request& request) {
  if (request.count > max_recommendations) {
    throw core::error(core::errc::invalid_argument,
                      "count must be at most max_recommendations = " + std::to_string(max_recommendations) + ", got " +
                          std::to_string(request.count));
  }
  const double share = request.explore.new_items == nullptr ? 0 : request.explore.share;
  if (!(share >= 0 && share <= 1)) {
    throw core::error(core::errc::invalid_argument,
                      "the share of exploration must be 0 to 1, got " + std::to_string(share));
  }
  const std::span<float> scores = scores_of(model, request.who, request.popularity);
  multiply(scores, request.factors);
  std::vector<scored_item> explored;
  if (share > 0) {
    explored = draw(scores, static_cast<std::size_t>(std::lround(share * static_cast<double>(request.count))), request);
  }
  if (request.exclude_history) {
    for (const preference& p : request.who.history) {
      if (p.item < scores.size()) {  // a history may be longer than the catalogue that the model was trained on
        scores[p.item] = no_candidate;
      }
    }
  }
  for (const scored_item& entry : explored) {
    if (entry.item < scores.size()) {
      scores[entry.item] = no_candidate;
    }
  }
  const std::size_t ranked = request.count - explored.size();
  const auto best = request.vary.is_wanted()
                        ? vary(model, top(scores, varied_from(ranked), request.allowed), ranked, request.vary)
                        : top(scores, ranked, request.allowed);
  return interleave(best, explored, request.count);
}

std::vector<ranked_id> rank(const scorer& model, const person& who, std::span<const std::string> ids,
                            std::span<const std::uint32_t> popularity) {
  const std::span<const float> scores = scores_of(model, who, popularity);
  std::vector<ranked_id> result;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto item = model.items().find(ids[i]);
    result.push_back({i, item && std::isfinite(scores[*item]) ? scores[*item] : no_candidate});
  }
  std::stable_sort(result.begin(), result.end(),
                   [](const ranked_id& a, const ranked_id& b) { return a.score > b.score; });
  return result;
}

}  // namespace eunomia::recommend
