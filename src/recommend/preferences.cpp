// Events become a matrix in three passes over them, none of which compares: subjects are numbered through a hash table
// and ranked by handle, events are counted per subject, then dealt into their subject's row (the first step of a radix
// sort). Rows, which fit a cache, are sorted by item and merged in place. Every combination of events is a maximum, so
// the order in which they arrive cannot show.

#include "recommend/preferences.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.h"

namespace eunomia::recommend {

namespace {

constexpr double milliseconds_per_day = 86'400'000.0;

[[noreturn]] void refuse(const std::string& message) {
  throw core::error(core::errc::invalid_argument, message);
}

void check_columns(const interactions& events) {
  const std::size_t n = events.size();
  if (events.item.size() != n || events.time.size() != n ||
      (!events.event_type.empty() && events.event_type.size() != n) ||
      (!events.event_value.empty() && events.event_value.size() != n)) {
    refuse(
        fmt::format("interactions: columns of {} subjects, {} items, {} times, {} event types and {} event values do "
                    "not belong together",
                    n, events.item.size(), events.time.size(), events.event_type.size(), events.event_value.size()));
  }
  for (const item_position item : events.item) {
    if (item >= events.items->size()) {
      refuse(fmt::format("interactions: item position {} is not in a catalogue of {}", item, events.items->size()));
    }
  }
  for (const std::uint16_t type : events.event_type) {
    if (type >= events.event_types.size()) {
      refuse(fmt::format("interactions: event type {} is not one of {}", type, events.event_types.size()));
    }
  }
}

// The weights of the events of a whole data set.
class event_weights {
 public:
  event_weights(const interactions& events, const event_weigher& weigh) : events_(events), weigh_(weigh) {
    for (const std::string& type : events.event_types) {
      types_.push_back(weigh.terms_of(type));
    }
    if (events.event_type.empty()) {
      types_.push_back(weigh.terms_of(""));
    }
  }

  std::uint16_t operator()(std::size_t event) const {
    const type_terms& type = types_[events_.event_type.empty() ? types_.size() - 1 : events_.event_type[event]];
    const float value =
        events_.event_value.empty() ? std::numeric_limits<float>::quiet_NaN() : events_.event_value[event];
    return weigh_(type, value, events_.time[event]);
  }

 private:
  const interactions& events_;
  const event_weigher& weigh_;
  std::vector<type_terms> types_;  // by number; without types in the events, of none at the end
};

// Numbers handles in the order of their first appearance.
class subject_numbers {
 public:
  subject_numbers() : slots_(1024), mask_(slots_.size() - 1) {}

  std::uint32_t number_of(core::subject_handle subject) {
    for (std::size_t slot = hash(subject) & mask_;; slot = (slot + 1) & mask_) {
      entry& found = slots_[slot];
      if (found.number == free) {
        if (subjects_.size() >= free) {
          throw core::error(core::errc::resource_exhausted,
                            fmt::format("preferences hold at most {} people; split the data set", free));
        }
        found = {subject, static_cast<std::uint32_t>(subjects_.size())};
        subjects_.push_back(subject);
        const std::uint32_t number = found.number;
        if (subjects_.size() * 2 > slots_.size()) {
          grow();
        }
        return number;
      }
      if (found.subject == subject) {
        return found.number;
      }
    }
  }

  std::vector<core::subject_handle> take_subjects() { return std::move(subjects_); }

 private:
  static constexpr std::uint32_t free = std::numeric_limits<std::uint32_t>::max();
  static std::size_t hash(core::subject_handle subject) {
    const std::uint64_t mixed = subject.value() * 0x9e3779b97f4a7c15;  // 2^64 / the golden ratio (Knuth, vol. 3, 6.4)
    return static_cast<std::size_t>(mixed ^ (mixed >> 32));
  }
  struct entry {
    core::subject_handle subject;
    std::uint32_t number = free;
  };

  void grow() {
    slots_.assign(slots_.size() * 2, entry{});
    mask_ = slots_.size() - 1;
    for (std::uint32_t number = 0; number < subjects_.size(); ++number) {
      std::size_t slot = hash(subjects_[number]) & mask_;
      while (slots_[slot].number != free) {
        slot = (slot + 1) & mask_;
      }
      slots_[slot] = {subjects_[number], number};
    }
  }

  std::vector<entry> slots_;
  std::size_t mask_;
  std::vector<core::subject_handle> subjects_;
};

constexpr std::uint32_t left_out = std::numeric_limits<std::uint32_t>::max();

// Sorts and merges each row of dealt events, closing the gaps.
void merge_rows(preferences& rows) {
  std::vector<weighted_event> scratch;
  std::size_t kept = 0;
  std::size_t begin = 0;
  for (std::uint32_t row = 0; row < rows.rows(); ++row) {
    const std::size_t end = rows.row_begin[row + 1];
    scratch.clear();
    for (std::size_t i = begin; i < end; ++i) {
      scratch.push_back({rows.item[i], rows.weight[i], rows.time[i]});
    }
    const std::size_t pairs = merge_row(scratch);
    for (std::size_t i = 0; i < pairs; ++i, ++kept) {
      rows.item[kept] = scratch[i].item;
      rows.weight[kept] = scratch[i].weight;
      rows.time[kept] = scratch[i].time;
    }
    begin = end;
    rows.row_begin[row + 1] = kept;
  }
  const auto cut = [kept](auto& column) {
    column.resize(kept);
    column.shrink_to_fit();
  };
  cut(rows.item);
  cut(rows.weight);
  cut(rows.time);
}

}  // namespace

void check(const weighting& how, std::string_view who) {
  for (const auto& [type, weight] : how.event_weights) {
    if (!std::isfinite(weight) || weight < 0) {
      refuse(fmt::format("{}: the weight of event type \"{}\" must be a number from 0, got {}", who, type, weight));
    }
  }
  if (!std::isfinite(how.other_weight) || how.other_weight < 0) {
    refuse(fmt::format("{}: other_weight must be a number from 0, got {}", who, how.other_weight));
  }
  for (const auto& [type, least] : how.minimum_event_values) {
    if (!std::isfinite(least) || least < 0) {
      refuse(
          fmt::format("{}: the minimum value of event type \"{}\" must be a number from 0, got {}", who, type, least));
    }
  }
  if (!std::isfinite(how.minimum_event_value) || how.minimum_event_value < 0) {
    refuse(fmt::format("{}: minimum_event_value must be a number from 0, got {}", who, how.minimum_event_value));
  }
  if (!std::isfinite(how.half_life_days) || how.half_life_days < 0) {
    refuse(fmt::format("{}: half_life_days must be a number from 0, got {}", who, how.half_life_days));
  }
}

event_weigher::event_weigher(const weighting& how) : how_(&how) {
  const auto is_fine = [](double weight) { return weight != 0 && weight != 1; };
  const bool fine = how.half_life_days > 0 || is_fine(how.other_weight) ||
                    std::any_of(how.event_weights.begin(), how.event_weights.end(),
                                [&](const auto& entry) { return is_fine(entry.second); });
  quanta_per_unit_ = fine ? preferences::fine_quanta : 1;
}

type_terms event_weigher::terms_of(const std::string& type) const {
  const auto weight = how_->event_weights.find(type);
  const auto least = how_->minimum_event_values.find(type);
  return {weight == how_->event_weights.end() ? how_->other_weight : weight->second,
          least == how_->minimum_event_values.end() ? how_->minimum_event_value : least->second};
}

std::uint16_t event_weigher::operator()(const type_terms& type, float value, std::int64_t time) const {
  if (type.minimum_value > 0 && static_cast<double>(value) < type.minimum_value) {
    return 0;
  }
  double weight = type.weight;
  if (how_->half_life_days > 0 && time < how_->as_of) {
    const double age = (static_cast<double>(how_->as_of) - static_cast<double>(time)) / milliseconds_per_day;
    weight *= std::exp2(-age / how_->half_life_days);
  }
  const double quanta = std::nearbyint(weight * quanta_per_unit_);
  return static_cast<std::uint16_t>(std::min<double>(quanta, preferences::maximum_weight));
}

std::size_t merge_row(std::span<weighted_event> row) {
  const auto by_item = [](const weighted_event& a, const weighted_event& b) { return a.item < b.item; };
  if (!std::is_sorted(row.begin(), row.end(), by_item)) {
    std::sort(row.begin(), row.end(), by_item);
  }
  std::size_t pairs = 0;
  for (const weighted_event& event : row) {
    if (pairs > 0 && row[pairs - 1].item == event.item) {
      row[pairs - 1].weight = std::max(row[pairs - 1].weight, event.weight);
      row[pairs - 1].time = std::max(row[pairs - 1].time, event.time);
    } else {
      row[pairs++] = event;
    }
  }
  return pairs;
}

weighting settled(weighting how, const interactions& events) {
  if (how.half_life_days > 0 && how.as_of == 0 && !events.time.empty()) {
    how.as_of = *std::max_element(events.time.begin(), events.time.end());
  }
  return how;
}

preferences prepare(const interactions& events, const weighting& how) {
  check(how, "weighting");
  if (how.half_life_days > 0 && how.as_of == 0 && events.size() > 0) {
    refuse("weighting: half_life_days needs as_of, the moment ages are counted from; settled() fills it in");
  }
  check_columns(events);
  const event_weigher weigher(how);
  const event_weights weigh(events, weigher);

  subject_numbers numbers;
  std::vector<std::uint32_t> row_of(events.size());
  std::vector<std::uint64_t> counts;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (weigh(i) == 0) {
      row_of[i] = left_out;
      continue;
    }
    row_of[i] = numbers.number_of(events.subject[i]);
    if (row_of[i] == counts.size()) {
      counts.push_back(0);
    }
    ++counts[row_of[i]];
  }

  preferences result;
  result.items = events.items;
  result.quanta_per_unit = weigher.quanta_per_unit();
  const std::vector<core::subject_handle> arrived = numbers.take_subjects();
  std::vector<std::uint32_t> order(arrived.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return arrived[a] < arrived[b]; });

  std::vector<std::uint64_t> next(arrived.size());  // where each subject's next event goes
  result.subjects.reserve(arrived.size());
  result.row_begin.reserve(arrived.size() + 1);
  for (const std::uint32_t number : order) {
    next[number] = result.row_begin.back();
    result.subjects.push_back(arrived[number]);
    result.row_begin.push_back(next[number] + counts[number]);
  }
  const std::size_t kept = result.row_begin.back();
  result.item.resize(kept);
  result.weight.resize(kept);
  result.time.resize(kept);
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (row_of[i] != left_out) {
      const std::uint64_t at = next[row_of[i]]++;
      result.item[at] = events.item[i];
      result.weight[at] = weigh(i);
      result.time[at] = events.time[i];
    }
  }
  merge_rows(result);
  return result;
}

std::optional<std::uint32_t> preferences::find(core::subject_handle subject) const {
  const auto found = std::lower_bound(subjects.begin(), subjects.end(), subject);
  if (found == subjects.end() || *found != subject) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(found - subjects.begin());
}

std::span<const item_position> preferences::items_of(std::uint32_t row) const {
  return {item.data() + row_begin[row], item.data() + row_begin[row + 1]};
}

std::span<const std::uint16_t> preferences::weights_of(std::uint32_t row) const {
  return {weight.data() + row_begin[row], weight.data() + row_begin[row + 1]};
}

std::span<const std::int64_t> preferences::times_of(std::uint32_t row) const {
  return {time.data() + row_begin[row], time.data() + row_begin[row + 1]};
}

std::vector<preference> preferences::history_of(std::uint32_t row) const {
  std::vector<preference> history;
  history.reserve(row_begin[row + 1] - row_begin[row]);
  for (std::uint64_t i = row_begin[row]; i < row_begin[row + 1]; ++i) {
    history.push_back({item[i], weight_in_units(weight[i]), time[i]});
  }
  return history;
}

std::int64_t preferences::newest() const {
  return time.empty() ? 0 : *std::max_element(time.begin(), time.end());
}

void preferences::erase(std::span<const core::subject_handle> gone) {
  std::vector<core::subject_handle> sorted(gone.begin(), gone.end());
  std::sort(sorted.begin(), sorted.end());
  std::uint32_t kept_rows = 0;
  std::uint64_t kept = 0;
  std::uint32_t row = 0;
  std::uint64_t begin = 0;  // of row, where it was
  // Moves the rows up to one that goes, together.
  const auto keep_until = [&](std::uint32_t end_row) {
    const std::uint64_t first = begin;
    for (; row < end_row; ++row, ++kept_rows) {
      const std::uint64_t end = row_begin[row + 1];
      subjects[kept_rows] = subjects[row];
      row_begin[kept_rows + 1] = kept + (end - first);
      begin = end;
    }
    if (first != kept) {
      std::copy(item.begin() + first, item.begin() + begin, item.begin() + kept);
      std::copy(weight.begin() + first, weight.begin() + begin, weight.begin() + kept);
      std::copy(time.begin() + first, time.begin() + begin, time.begin() + kept);
    }
    kept += begin - first;
  };
  // Subjects that are found ascend, and none of those behind row was moved yet.
  for (const core::subject_handle subject : sorted) {
    const auto found = std::lower_bound(subjects.begin() + row, subjects.end(), subject);
    if (found != subjects.end() && *found == subject) {
      keep_until(static_cast<std::uint32_t>(found - subjects.begin()));
      begin = row_begin[++row];
    }
  }
  keep_until(rows());
  subjects.resize(kept_rows);
  row_begin.resize(kept_rows + 1);
  item.resize(kept);
  weight.resize(kept);
  time.resize(kept);
}

preferences preferences::without(std::span<const core::subject_handle> gone) const {
  preferences rest = *this;
  rest.erase(gone);
  return rest;
}

preferences::columns preferences::transposed() const {
  columns result;
  result.begin.assign(items->size() + 1, 0);
  for (const item_position i : item) {
    ++result.begin[i + 1];
  }
  std::partial_sum(result.begin.begin(), result.begin.end(), result.begin.begin());
  result.row.resize(item.size());
  result.weight.resize(item.size());
  std::vector<std::uint64_t> next(result.begin.begin(), result.begin.end() - 1);
  for (std::uint32_t r = 0; r < rows(); ++r) {
    for (std::uint64_t i = row_begin[r]; i < row_begin[r + 1]; ++i) {
      const std::uint64_t at = next[item[i]]++;
      result.row[at] = r;
      result.weight[at] = weight[i];
    }
  }
  return result;
}

}  // namespace eunomia::recommend
