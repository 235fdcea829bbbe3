#include "recommend/segments.h"

#include <algorithm>
#include <cmath>
#include <mutex>

namespace eunomia::recommend {

namespace {

constexpr std::uint32_t people_at_once = 64;

bool better(const affinity& a, const affinity& b) {
  return a.score != b.score ? a.score > b.score : a.who < b.who;
}

// The best so far, as a heap whose front is the worst of them.
void offer(std::vector<affinity>& best, std::size_t count, const affinity& one) {
  if (best.size() < count) {
    best.push_back(one);
    std::push_heap(best.begin(), best.end(), better);
  } else if (better(one, best.front())) {
    std::pop_heap(best.begin(), best.end(), better);
    best.back() = one;
    std::push_heap(best.begin(), best.end(), better);
  }
}

// Nothing where no item of the set is a candidate for the person.
std::optional<float> mean_score(std::span<const item_position> items, std::span<const float> scores) {
  double sum = 0;
  std::size_t scored = 0;
  for (const item_position item : items) {
    if (std::isfinite(scores[item])) {
      sum += static_cast<double>(scores[item]);
      ++scored;
    }
  }
  return scored == 0 ? std::nullopt : std::optional(static_cast<float>(sum / static_cast<double>(scored)));
}

// The events with items that the scorer knows, under its positions.
interactions in_terms_of(const scorer& answers, const interactions& events) {
  std::vector<std::optional<item_position>> known(events.items->size());
  for (item_position item = 0; item < known.size(); ++item) {
    known[item] = answers.items().find(events.items->id(item));
  }
  interactions told;
  told.items = answers.shared_items();
  told.event_types = events.event_types;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (const auto item = known[events.item[i]]) {
      told.subject.push_back(events.subject[i]);
      told.item.push_back(*item);
      told.time.push_back(events.time[i]);
      if (!events.event_type.empty()) {
        told.event_type.push_back(events.event_type[i]);
      }
      if (!events.event_value.empty()) {
        told.event_value.push_back(events.event_value[i]);
      }
    }
  }
  return told;
}

}  // namespace

std::vector<std::vector<affinity>> people_drawn_to(std::span<const item_set> items, std::size_t count,
                                                   const scorer& answers, const weighting& how,
                                                   const interactions& events, const training_context& context) {
  std::vector<std::vector<item_position>> wanted(items.size());
  for (std::size_t s = 0; s < items.size(); ++s) {
    for (item_position item = 0; item < std::min(items[s].size(), answers.items().size()); ++item) {
      if (items[s].contains(item)) {
        wanted[s].push_back(item);
      }
    }
  }
  const preferences people = prepare(in_terms_of(answers, events), how);
  std::vector<std::vector<affinity>> best(items.size());
  std::mutex mutex;
  const std::uint32_t groups = (people.rows() + people_at_once - 1) / people_at_once;
  context.pool.for_each(groups, [&](std::size_t group, unsigned) {
    context.job.check();
    std::vector<float> scores(answers.items().size());
    std::vector<std::vector<affinity>> found(items.size());
    const auto first = static_cast<std::uint32_t>(group * people_at_once);
    for (std::uint32_t row = first; row < std::min(people.rows(), first + people_at_once); ++row) {
      const auto history = people.history_of(row);
      answers.score({.history = history, .features = {}, .now = 0}, scores);
      for (std::size_t s = 0; s < wanted.size(); ++s) {
        if (const auto score = mean_score(wanted[s], scores)) {
          found[s].push_back({people.subjects[row], *score});
        }
      }
    }
    const std::lock_guard lock(mutex);
    for (std::size_t s = 0; s < found.size(); ++s) {
      for (const affinity& one : found[s]) {
        offer(best[s], count, one);
      }
    }
  });
  for (auto& list : best) {
    std::sort(list.begin(), list.end(), better);
  }
  return best;
}

}  // namespace eunomia::recommend
