#include "recommend/session_knn_scorer.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "recommend/popular_tail.h"

namespace eunomia::recommend {

session_knn_scorer::session_knn_scorer(std::shared_ptr<const catalogue> items, session_index index,
                                       const session_knn_parameters& parameters)
    : scorer(std::move(items)),
      index_(std::move(index)),
      recent_sessions_(parameters.recent_sessions),
      neighbours_(parameters.neighbours),
      last_items_(parameters.last_items) {
  std::vector<std::uint64_t> counts;
  for (item_position j = 0; j < index_.items(); ++j) {
    counts.push_back(index_.sessions_with(j).size());
    const double idf =
        counts[j] == 0 ? 0 : std::log(static_cast<double>(index_.sessions()) / static_cast<double>(counts[j]));
    idf_.push_back(idf > 0 ? static_cast<float>(idf) : 1.0F);
  }
  tail_ = popular_tail(counts);
}

std::vector<item_position> session_knn_scorer::query_of(const person& who) const {
  std::vector<preference> history(who.history.begin(), who.history.end());
  std::erase_if(history, [&](const preference& p) { return p.item >= index_.items(); });
  const std::size_t length = std::min<std::size_t>(last_items_, history.size());
  std::partial_sort(
      history.begin(), history.begin() + static_cast<std::ptrdiff_t>(length), history.end(),
      [](const preference& a, const preference& b) { return a.time != b.time ? a.time > b.time : a.item > b.item; });
  std::vector<item_position> query;
  query.reserve(length);
  for (std::size_t i = 0; i < length; ++i) {
    query.push_back(history[i].item);
  }
  return query;
}

std::vector<session_knn_scorer::near_session> session_knn_scorer::neighbours_of(
    std::span<const item_position> query) const {
  // The posting lists are merged from new to old, so that the newest sessions of all come first and the merge can stop.
  std::vector<std::span<const std::uint32_t>> rest;
  for (const item_position item : query) {
    rest.push_back(index_.sessions_with(item));
  }
  std::vector<near_session> near;
  while (near.size() < recent_sessions_) {
    std::uint32_t newest = UINT32_MAX;
    for (const auto& list : rest) {
      newest = list.empty() ? newest : std::min(newest, list.front());
    }
    if (newest == UINT32_MAX) {
      break;
    }
    near_session found{newest, 0, UINT32_MAX};
    for (std::uint32_t pos = 0; pos < rest.size(); ++pos) {
      if (!rest[pos].empty() && rest[pos].front() == newest) {
        rest[pos] = rest[pos].subspan(1);
        found.similarity += static_cast<std::uint32_t>(rest.size()) - pos;
        found.nearest = std::min(found.nearest, pos);
      }
    }
    near.push_back(found);
  }
  if (near.size() > neighbours_) {
    std::nth_element(near.begin(), near.begin() + neighbours_, near.end(),
                     [](const near_session& a, const near_session& b) {
                       return a.similarity != b.similarity ? a.similarity > b.similarity : a.session < b.session;
                     });
    near.resize(neighbours_);
    std::sort(near.begin(), near.end(),
              [](const near_session& a, const near_session& b) { return a.session < b.session; });
  }
  return near;
}

float session_knn_scorer::vote_of(const near_session& s, std::size_t length) {
  const float of_position = std::max(0.0F, 1 - 0.1F * static_cast<float>(s.nearest + 1));
  return of_position * static_cast<float>(s.similarity) / static_cast<float>(length);
}

void session_knn_scorer::add_votes(std::span<const item_position> query, std::span<float> scores) const {
  for (const near_session& s : neighbours_of(query)) {
    const float vote = vote_of(s, query.size());
    for (const item_position j : index_.items_of(s.session)) {
      scores[j] += vote * idf_[j];
    }
  }
}

void session_knn_scorer::score(const person& who, std::span<float> scores) const {
  assert(scores.size() == tail_.size());
  std::fill(scores.begin(), scores.end(), 0.0F);
  add_votes(query_of(who), scores);
  for (std::size_t j = 0; j < scores.size(); ++j) {
    scores[j] = scores[j] > 0 ? scores[j] : tail_[j];
  }
}

std::vector<scored_item> session_knn_scorer::similar(item_position item, std::size_t count) const {
  std::vector<float> scores(index_.items());
  add_votes(std::span(&item, 1), scores);
  std::vector<scored_item> result;
  for (item_position j = 0; j < scores.size(); ++j) {
    if (j != item && scores[j] > 0) {
      result.push_back({j, scores[j]});
    }
  }
  const std::size_t kept = std::min(count, result.size());
  std::partial_sort(result.begin(), result.begin() + static_cast<std::ptrdiff_t>(kept), result.end(),
                    [](const scored_item& a, const scored_item& b) {
                      return a.score != b.score ? a.score > b.score : a.item < b.item;
                    });
  result.resize(kept);
  return result;
}

std::vector<contribution> session_knn_scorer::explain(const person& who, item_position item, std::size_t count) const {
  const std::vector<item_position> query = query_of(who);
  std::vector<double> parts(query.size());
  double sum = 0;
  for (const near_session& s : neighbours_of(query)) {
    const auto items = index_.items_of(s.session);
    if (!std::binary_search(items.begin(), items.end(), item)) {
      continue;
    }
    // A session's similarity is a sum over the query's items: each has its share of the session's vote.
    for (std::size_t pos = 0; pos < query.size(); ++pos) {
      if (std::binary_search(items.begin(), items.end(), query[pos])) {
        const double part = static_cast<double>(vote_of(s, query.size())) * static_cast<double>(query.size() - pos) /
                            static_cast<double>(s.similarity);
        parts[pos] += part;
        sum += part;
      }
    }
  }
  std::vector<contribution> result;
  for (std::size_t pos = 0; pos < query.size(); ++pos) {
    if (parts[pos] > 0) {
      result.push_back({query[pos], static_cast<float>(parts[pos] / sum)});
    }
  }
  std::stable_sort(result.begin(), result.end(),
                   [](const contribution& a, const contribution& b) { return a.share > b.share; });
  result.resize(std::min(result.size(), count));
  return result;
}

}  // namespace eunomia::recommend
