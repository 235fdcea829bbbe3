#include "recommend/context_counts.h"

#include "core/time.h"

namespace eunomia::recommend {

namespace {

std::vector<float> lift_of(const item_value_counts& counts, const item_value_counts::value_events& in_value,
                           const catalogue& items) {
  const double share = static_cast<double>(in_value.events) / static_cast<double>(counts.events);
  const auto lift = [share](double of_item, double with_value) {
    return static_cast<float>((with_value + context_lifts::prior_events * share) /
                              (of_item + context_lifts::prior_events) / share);
  };
  std::vector<std::uint32_t> with_value(counts.items.size());
  for (const auto& [item, events] : in_value.by_item) {
    with_value[item] = events;
  }
  std::vector<float> all(items.size(), 1.0F);
  for (std::size_t item = 0; item < counts.items.size(); ++item) {
    if (counts.by_item[item] == 0) {
      continue;
    }
    if (const auto position = items.find(counts.items[item])) {
      all[*position] = lift(counts.by_item[item], with_value[item]);
    }
  }
  return all;
}

}  // namespace

bool context_counts::kept_counts::fresh(std::uint64_t in_era) const {
  return good(in_era) && core::now_ms() - counted_at < renewed_after_ms;
}

std::shared_ptr<const item_value_counts> context_counts::of(const std::string& column, std::uint64_t era,
                                                            const counting& count) {
  std::shared_ptr<kept_counts> place;
  {
    const std::lock_guard lock(mutex_);
    auto& kept = columns_[column];
    if (kept == nullptr) {
      kept = std::make_shared<kept_counts>();
    }
    place = kept;
    if (kept->fresh(era)) {
      return kept->known;
    }
  }
  std::unique_lock turn(place->counting, std::try_to_lock);
  if (!turn.owns_lock()) {
    {
      const std::lock_guard lock(mutex_);
      if (place->good(era)) {
        return place->known;
      }
    }
    turn.lock();
  }
  for (;;) {
    std::uint64_t before = 0;
    {
      const std::lock_guard lock(mutex_);
      if (place->fresh(era)) {
        return place->known;  // by who had the turn before
      }
      before = forgettings_;
    }
    auto counted = std::make_shared<const item_value_counts>(count());
    const std::lock_guard lock(mutex_);
    if (before == forgettings_) {  // else it may have counted somebody who is gone
      place->known = counted;
      place->era = era;
      place->counted_at = core::now_ms();
      return counted;
    }
  }
}

void context_counts::forget() {
  const std::lock_guard lock(mutex_);
  ++forgettings_;
  for (const auto& [column, kept] : columns_) {
    kept->known = nullptr;
  }
}

std::shared_ptr<const std::vector<float>> context_lifts::of(const std::string& column, const std::string& value,
                                                            const std::shared_ptr<const item_value_counts>& counts,
                                                            const std::shared_ptr<const catalogue>& items) {
  const auto in_value = counts->values.find(value);
  if (in_value == counts->values.end()) {
    return nullptr;
  }
  const std::pair key(column, value);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = kept_.find(key);
        found != kept_.end() && found->second.of == counts && found->second.items == items) {
      return found->second.lift;
    }
  }
  auto lift = std::make_shared<const std::vector<float>>(lift_of(*counts, in_value->second, *items));
  const std::lock_guard lock(mutex_);
  std::erase_if(kept_, [&](const auto& one) { return one.first.first == column && one.second.of != counts; });
  if ((kept_.size() + 1) * lift->size() * sizeof(float) > max_bytes) {
    kept_.clear();
  }
  kept_[key] = {counts, items, lift};
  return lift;
}

}  // namespace eunomia::recommend
