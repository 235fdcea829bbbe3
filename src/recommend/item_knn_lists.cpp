#include "recommend/item_knn_lists.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace eunomia::recommend {

item_similarity::item_similarity(const item_knn_parameters& parameters, std::uint32_t quanta_per_unit,
                                 std::span<const std::uint64_t> diagonal)
    : discount_(parameters.popularity_discount),
      shrinkage_(parameters.shrinkage * quanta_per_unit * quanta_per_unit),
      minimum_people_(parameters.minimum_co_interactions > 1 ? parameters.minimum_co_interactions : 0),
      by_history_(diagonal.size()),
      by_candidate_(diagonal.size()) {
  for (item_position i = 0; i < diagonal.size(); ++i) {
    (void)set(i, diagonal[i]);
  }
}

bool item_similarity::set(item_position item, std::uint64_t diagonal) {
  const auto d = static_cast<double>(diagonal);
  const double before = by_history_[item];
  by_history_[item] = std::pow(d, discount_ - 1);
  by_candidate_[item] = std::pow(d, -discount_);
  return by_history_[item] >= before;
}

std::uint64_t neighbour_lists::size() const {
  std::uint64_t sum = 0;
  for (const auto& list : lists_) {
    sum += list.size();
  }
  return sum;
}

void nearest_neighbours::cut() {
  const auto last = kept_.begin() + static_cast<std::ptrdiff_t>(limit_) - 1;
  std::nth_element(kept_.begin(), last, kept_.end());
  least_ = last->similarity;
  kept_.resize(limit_);
}

std::span<const neighbour> nearest_neighbours::finish() {
  if (kept_.size() > limit_) {
    cut();
  }
  std::sort(kept_.begin(), kept_.end());
  return kept_;
}

void neighbour_lists::merge(item_position candidate, std::span<neighbour> offered, const std::vector<bool>& replaced,
                            std::vector<neighbour>& scratch) {
  auto& list = lists_[candidate];
  std::sort(offered.begin(), offered.end());
  scratch.clear();
  auto next = offered.begin();
  for (const neighbour& old : list) {
    for (; next != offered.end() && *next < old; ++next) {
      scratch.push_back(*next);
    }
    if (!replaced[old.item]) {
      scratch.push_back(old);
    }
  }
  scratch.insert(scratch.end(), next, offered.end());
  scratch.resize(std::min<std::size_t>(scratch.size(), limit_));
  list.assign(scratch.begin(), scratch.end());
}

void neighbour_lists::recount(const remaining_counts& remaining, std::span<const item_position> changed,
                              const training_context& context) {
  std::vector<cooccurrence_rows::scratch> scratches(context.pool.size());
  std::vector<nearest_neighbours> nearest(context.pool.size());
  const auto count_list = [&](item_position j, unsigned worker) {
    nearest[worker].start(limit_);
    const auto row = remaining.counts.row(j, scratches[worker], remaining.gone);
    for (const cooccurrence& c : row) {
      if (c.item != j) {
        nearest[worker].offer({c.item, remaining.similarity.of(j, c)});
      }
    }
    assign(j, nearest[worker].finish());
    return row;
  };
  std::vector<bool> is_changed(items());
  for (const item_position item : changed) {
    is_changed[item] = true;
  }
  const std::size_t at_a_time = std::max<std::size_t>(1, recount_bytes / sizeof(float) / std::max(1U, items()));
  for (std::size_t first = 0; first < changed.size(); first += at_a_time) {
    const auto some = changed.subspan(first, std::min(at_a_time, changed.size() - first));
    std::vector<float> similarities(some.size() * items());  // [some x items], 0: none
    std::vector<bool> is_replaced(items());
    for (const item_position item : some) {
      is_replaced[item] = true;
    }
    context.pool.for_each(some.size(), [&](std::size_t a, unsigned worker) {
      context.job.check();
      for (const cooccurrence& c : count_list(some[a], worker)) {
        if (!is_changed[c.item]) {
          similarities[a * items() + c.item] = remaining.similarity.of(some[a], c.item, c);
        }
      }
    });
    constexpr std::uint32_t candidates_per_task = 256;
    context.pool.for_each((items() + candidates_per_task - 1) / candidates_per_task, [&](std::size_t task, unsigned) {
      const std::uint32_t begin = static_cast<std::uint32_t>(task) * candidates_per_task;
      const std::uint32_t end = std::min(items(), begin + candidates_per_task);
      std::vector<neighbour> scratch;
      std::vector<float> bar(end - begin);  // what an offer must reach
      std::vector<std::vector<neighbour>> offered(end - begin);
      for (item_position j = begin; j < end; ++j) {
        bar[j - begin] = is_changed[j]                ? std::numeric_limits<float>::infinity()
                         : lists_[j].size() == limit_ ? lists_[j].back().similarity
                                                      : std::numeric_limits<float>::denorm_min();
      }
      for (std::size_t a = 0; a < some.size(); ++a) {
        for (item_position j = begin; j < end; ++j) {
          // An item that is in the list has not become less similar than its last: this finds it,
          // too.
          if (const float s = similarities[a * items() + j]; s >= bar[j - begin]) {
            offered[j - begin].push_back({some[a], s});
          }
        }
      }
      for (item_position j = begin; j < end; ++j) {
        if (!offered[j - begin].empty()) {
          merge(j, offered[j - begin], is_replaced, scratch);
        }
      }
    });
  }
}

neighbour_lists find_neighbours(const cooccurrence_rows& counts, const item_similarity& similarity, std::uint32_t limit,
                                const training_context& context) {
  constexpr std::uint32_t items_per_task = 16;
  const auto items = static_cast<std::uint32_t>(counts.diagonal().size());
  neighbour_lists lists(items, limit);
  std::vector<cooccurrence_rows::scratch> scratches(context.pool.size());
  std::vector<nearest_neighbours> nearest(context.pool.size());
  const std::uint32_t tasks = (items + items_per_task - 1) / items_per_task;
  context.pool.for_each(tasks, [&](std::size_t task, unsigned worker) {
    context.job.check();
    context.job.report("finding neighbours", task, tasks);
    const std::uint32_t begin = static_cast<std::uint32_t>(task) * items_per_task;
    for (item_position j = begin; j < std::min(items, begin + items_per_task); ++j) {
      nearest[worker].start(limit);
      for (const cooccurrence& c : counts.row(j, scratches[worker])) {
        if (c.item != j) {
          nearest[worker].offer({c.item, similarity.of(j, c)});
        }
      }
      lists.assign(j, nearest[worker].finish());
    }
  });
  context.job.report("finding neighbours", tasks, tasks);
  return lists;
}

}  // namespace eunomia::recommend
