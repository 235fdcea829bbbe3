#include "recommend/split.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_set>

#include "core/error.h"

namespace eunomia::recommend {

namespace {

using core::subject_handle;

interactions empty_like(const interactions& events, std::shared_ptr<const catalogue> items) {
  interactions result;
  result.items = std::move(items);
  result.event_types = events.event_types;
  return result;
}

void append(interactions& to, const interactions& from, std::size_t row) {
  to.subject.push_back(from.subject[row]);
  to.item.push_back(from.item[row]);
  to.time.push_back(from.time[row]);
  if (!from.event_type.empty()) {
    to.event_type.push_back(from.event_type[row]);
  }
  if (!from.event_value.empty()) {
    to.event_value.push_back(from.event_value[row]);
  }
}

// The rows of a data set grouped by subject ascending, each person's rows by time, then item, then row.
class people {
 public:
  explicit people(const interactions& events) : rows_(events.size()) {
    std::iota(rows_.begin(), rows_.end(), std::size_t{0});
    std::sort(rows_.begin(), rows_.end(), [&](std::size_t a, std::size_t b) {
      return std::tuple(events.subject[a], events.time[a], events.item[a], a) <
             std::tuple(events.subject[b], events.time[b], events.item[b], b);
    });
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (i == 0 || events.subject[rows_[i]] != events.subject[rows_[i - 1]]) {
        begin_.push_back(i);
      }
    }
    begin_.push_back(rows_.size());
  }
  std::size_t size() const { return begin_.size() - 1; }
  std::span<const std::size_t> rows_of(std::size_t person) const {
    return std::span(rows_).subspan(begin_[person], begin_[person + 1] - begin_[person]);
  }

 private:
  std::vector<std::size_t> rows_;
  std::vector<std::size_t> begin_;
};

// The rows of one person that are the first with their item.
std::vector<std::size_t> first_encounters(const interactions& events, std::span<const std::size_t> rows) {
  std::vector<std::size_t> firsts;
  std::unordered_set<item_position> seen;
  for (const std::size_t row : rows) {
    if (seen.insert(events.item[row]).second) {
      firsts.push_back(row);
    }
  }
  return firsts;
}

// Cuts one person's rows so that the newest target_count first encounters are the targets. Events with a target item
// are left out of the rest: what is to be guessed must not be told.
test_case cut(const interactions& events, std::span<const std::size_t> rows, std::span<const std::size_t> firsts,
              std::size_t target_count) {
  test_case result;
  result.subject = events.subject[rows.front()];
  result.events = empty_like(events, events.items);
  for (const std::size_t row : firsts.last(target_count)) {
    result.targets.push_back(events.item[row]);
  }
  std::sort(result.targets.begin(), result.targets.end());
  const std::int64_t end = events.time[firsts[firsts.size() - target_count]];
  for (const std::size_t row : rows) {
    // Nothing later than the first target: it would be told from the future.
    if (events.time[row] <= end &&
        !std::binary_search(result.targets.begin(), result.targets.end(), events.item[row])) {
      append(result.events, events, row);
    }
  }
  return result;
}

bool drawn(subject_handle subject, double share, std::uint64_t seed) {
  constexpr std::uint32_t resolution = 1U << 30;
  const subject_handle mixed(subject.value() ^ (seed * 0x9e3779b97f4a7c15));
  return core::partition_of(mixed, resolution) < share * resolution;
}

std::shared_ptr<const catalogue> union_of(std::initializer_list<const interactions*> parts) {
  std::vector<std::string> ids;
  for (const interactions* part : parts) {
    ids.insert(ids.end(), part->items->ids().begin(), part->items->ids().end());
  }
  return std::make_shared<const catalogue>(std::move(ids));
}

test_case told_of(const interactions& events, std::span<const std::size_t> rows) {
  test_case test;
  test.subject = events.subject[rows.front()];
  test.events = empty_like(events, events.items);
  for (const std::size_t row : rows) {
    append(test.events, events, row);
  }
  return test;
}

// The distinct items of rows that are not in the events of the test, ascending.
std::vector<item_position> targets_of(const interactions& truth, std::span<const std::size_t> rows,
                                      const test_case& test) {
  const std::unordered_set<item_position> known(test.events.item.begin(), test.events.item.end());
  std::vector<item_position> targets;
  for (const std::size_t row : rows) {
    if (!known.contains(truth.item[row])) {
      targets.push_back(truth.item[row]);
    }
  }
  std::sort(targets.begin(), targets.end());
  targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
  return targets;
}

}  // namespace

split hold_out_people(const interactions& events, const people_split& how) {
  if (!(how.test_share > 0 && how.test_share < 1) || !(how.target_share > 0 && how.target_share < 1)) {
    throw core::error(core::errc::invalid_argument, "people_split: both shares must lie between 0 and 1");
  }
  split result;
  result.train = empty_like(events, events.items);
  const people everybody(events);
  for (std::size_t person = 0; person < everybody.size(); ++person) {
    const auto rows = everybody.rows_of(person);
    if (!drawn(events.subject[rows.front()], how.test_share, how.seed)) {
      for (const std::size_t row : rows) {
        append(result.train, events, row);
      }
      continue;
    }
    const auto firsts = first_encounters(events, rows);
    if (firsts.size() < std::max<std::size_t>(how.minimum_pairs, 2)) {
      continue;
    }
    const auto target_count =
        std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(firsts.size()) * how.target_share));
    result.tests.push_back(cut(events, rows, firsts, target_count));
  }
  return result;
}

split leave_last_out(const interactions& events) {
  split result;
  result.train = empty_like(events, events.items);
  const people everybody(events);
  for (std::size_t person = 0; person < everybody.size(); ++person) {
    const auto rows = everybody.rows_of(person);
    const auto firsts = first_encounters(events, rows);
    if (firsts.size() < 2) {
      for (const std::size_t row : rows) {
        append(result.train, events, row);
      }
      continue;
    }
    test_case test = cut(events, rows, firsts, 1);
    for (std::size_t row = 0; row < test.events.size(); ++row) {
      append(result.train, test.events, row);
    }
    result.tests.push_back(std::move(test));
  }
  return result;
}

interactions with_catalogue(const interactions& events, std::shared_ptr<const catalogue> items) {
  std::vector<item_position> moved(events.items->size());
  for (item_position i = 0; i < moved.size(); ++i) {
    const auto position = items->find(events.items->id(i));
    if (!position) {
      throw core::error(core::errc::invalid_argument,
                        "item \"" + events.items->id(i) + "\" is missing from the catalogue to move to");
    }
    moved[i] = *position;
  }
  interactions result = events;
  result.items = std::move(items);
  for (item_position& item : result.item) {
    item = moved[item];
  }
  return result;
}

split given_split(const interactions& train, const interactions& fold_in, const interactions& targets) {
  const auto items = union_of({&train, &fold_in, &targets});
  split result;
  result.train = with_catalogue(train, items);
  const interactions told = with_catalogue(fold_in, items);
  const interactions truth = with_catalogue(targets, items);
  const people told_people(told);
  const people truth_people(truth);
  std::size_t t = 0;
  for (std::size_t p = 0; p < told_people.size(); ++p) {
    test_case test = told_of(told, told_people.rows_of(p));
    while (t < truth_people.size() && truth.subject[truth_people.rows_of(t).front()] < test.subject) {
      ++t;
    }
    if (t == truth_people.size() || truth.subject[truth_people.rows_of(t).front()] != test.subject) {
      continue;
    }
    test.targets = targets_of(truth, truth_people.rows_of(t), test);
    if (!test.targets.empty()) {
      result.tests.push_back(std::move(test));
    }
  }
  return result;
}

split told_split(const interactions& train, const interactions& fold_in) {
  const auto items = union_of({&train, &fold_in});
  split result;
  result.train = with_catalogue(train, items);
  const interactions told = with_catalogue(fold_in, items);
  const people told_people(told);
  for (std::size_t p = 0; p < told_people.size(); ++p) {
    result.tests.push_back(told_of(told, told_people.rows_of(p)));
  }
  return result;
}

std::vector<std::vector<preference>> histories(const std::vector<test_case>& tests, const weighting& how) {
  std::vector<std::vector<preference>> result;
  result.reserve(tests.size());
  for (const test_case& test : tests) {
    const preferences rows = prepare(test.events, how);
    result.push_back(rows.rows() == 0 ? std::vector<preference>() : rows.history_of(0));
  }
  return result;
}

std::uint32_t distinct_items(const interactions& events) {
  std::vector<bool> seen(events.items->size());
  for (const item_position item : events.item) {
    seen[item] = true;
  }
  return static_cast<std::uint32_t>(std::count(seen.begin(), seen.end(), true));
}

interactions without(const interactions& events, std::span<const subject_handle> gone) {
  interactions result = empty_like(events, events.items);
  for (std::size_t row = 0; row < events.size(); ++row) {
    if (!std::binary_search(gone.begin(), gone.end(), events.subject[row])) {
      append(result, events, row);
    }
  }
  return result;
}

}  // namespace eunomia::recommend
