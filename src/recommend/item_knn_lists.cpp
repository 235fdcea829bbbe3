#include "recommend/item_knn_lists.h"

#include <algorithm>
#include <cmath>

namespace eunomia::recommend {

item_similarity::item_similarity(const item_knn_parameters& parameters, std::uint32_t quanta_per_unit,
                                 std::span<const std::uint64_t> diagonal)
    : discount_(parameters.popularity_discount),
      shrinkage_(parameters.shrinkage * quanta_per_unit * quanta_per_unit),
      minimum_people_(parameters.minimum_co_interactions > 1 ? parameters.minimum_co_interactions : 0),
      as_history_(diagonal.size()),
      as_candidate_(diagonal.size()) {
  for (item_position i = 0; i < diagonal.size(); ++i) {
    (void)set(i, diagonal[i]);
  }
}

bool item_similarity::set(item_position item, std::uint64_t diagonal) {
  const auto d = static_cast<double>(diagonal);
  const double before = as_history_[item];
  as_history_[item] = std::pow(d, 1 - discount_);
  as_candidate_[item] = std::pow(d, discount_);
  return as_history_[item] <= before;
}

std::uint64_t neighbour_lists::size() const {
  std::uint64_t sum = 0;
  for (const auto& list : lists_) {
    sum += list.size();
  }
  return sum;
}

void neighbour_lists::assign(item_position candidate, std::vector<neighbour>& found) {
  if (found.size() > limit_) {
    std::nth_element(found.begin(), found.begin() + limit_, found.end());
    found.resize(limit_);
  }
  std::sort(found.begin(), found.end());
  lists_[candidate].assign(found.begin(), found.end());
}

void neighbour_lists::merge(item_position candidate, std::span<const neighbour> offered) {
  auto& list = lists_[candidate];
  std::erase_if(list, [&](const neighbour& old) {
    const auto now = std::lower_bound(offered.begin(), offered.end(), old.item,
                                      [](const neighbour& n, item_position item) { return n.item < item; });
    return now != offered.end() && now->item == old.item;
  });
  list.insert(list.end(), offered.begin(), offered.end());
  std::sort(list.begin(), list.end());
  list.resize(std::min<std::size_t>(list.size(), limit_));
}

void neighbour_lists::recount(const remaining_counts& remaining, std::span<const item_position> changed,
                              const training_context& context) {
  std::vector<cooccurrence_rows::scratch> scratches(context.pool.size());
  std::vector<std::vector<neighbour>> found(context.pool.size());
  const auto count_list = [&](item_position j, unsigned worker) {
    found[worker].clear();
    const auto row = remaining.counts.row(j, scratches[worker], remaining.gone);
    for (const cooccurrence& c : row) {
      if (const float s = c.item == j ? 0 : remaining.similarity.of(j, c); s > 0) {
        found[worker].push_back({c.item, s});
      }
    }
    assign(j, found[worker]);
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
      std::vector<neighbour> offered;
      for (item_position j = begin; j < std::min(items(), begin + candidates_per_task); ++j) {
        if (is_changed[j]) {
          continue;
        }
        // An item that is in the list has not become less similar than its last: this finds it, too.
        offered.clear();
        for (std::size_t a = 0; a < some.size(); ++a) {
          const neighbour now{some[a], similarities[a * items() + j]};
          if (now.similarity > 0 && !(lists_[j].size() == limit_ && lists_[j].back() < now)) {
            offered.push_back(now);
          }
        }
        if (!offered.empty()) {
          merge(j, offered);
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
  std::vector<std::vector<neighbour>> found(context.pool.size());
  const std::uint32_t tasks = (items + items_per_task - 1) / items_per_task;
  context.pool.for_each(tasks, [&](std::size_t task, unsigned worker) {
    context.job.check();
    context.job.report("finding neighbours", task, tasks);
    const std::uint32_t begin = static_cast<std::uint32_t>(task) * items_per_task;
    for (item_position j = begin; j < std::min(items, begin + items_per_task); ++j) {
      found[worker].clear();
      for (const cooccurrence& c : counts.row(j, scratches[worker])) {
        if (const float s = c.item == j ? 0 : similarity.of(j, c); s > 0) {
          found[worker].push_back({c.item, s});
        }
      }
      lists.assign(j, found[worker]);
    }
  });
  context.job.report("finding neighbours", tasks, tasks);
  return lists;
}

}  // namespace eunomia::recommend
