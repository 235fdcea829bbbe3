#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <unordered_map>

#include "core/error.h"
#include "recommend/dataset.h"
#include "recommend/dataset_state.h"
#include "recommend/dataset_tables.h"
#include "recommend/feature_builder.h"
#include "recommend/item_dictionary.h"

namespace eunomia::recommend {

namespace {

using core::errc;
using core::error;
namespace sql = store::sql;
namespace table = store::table;

constexpr std::uint32_t no_position = std::numeric_limits<std::uint32_t>::max();

// Event types as they are met by several threads.
class loaded_event_types {
 public:
  std::uint16_t number_of(std::string_view name) {
    const std::lock_guard lock(mutex_);
    const auto found = numbers_.find(name);
    if (found != numbers_.end()) {
      return found->second;
    }
    if (numbers_.size() > std::numeric_limits<std::uint16_t>::max()) {
      throw error(errc::resource_exhausted, "a dataset has at most 65536 event types");
    }
    const auto number = static_cast<std::uint16_t>(numbers_.size());
    numbers_.emplace(name, number);
    return number;
  }

  void settle(interactions& events) const { settle_event_types(numbers_, events); }

 private:
  std::mutex mutex_;
  std::map<std::string, std::uint16_t, std::less<>> numbers_;
};

std::vector<std::string_view> names_of(const std::vector<metadata_column>& columns) {
  std::vector<std::string_view> names;
  names.reserve(columns.size());
  for (const metadata_column& c : columns) {
    names.push_back(c.name);
  }
  return names;
}

// The metadata of one row, and where in the table it stands: the last row of an item or a person counts.
struct metadata_row {
  std::uint64_t place = 0;
  std::vector<std::string> features;
};

void features_of_row(const std::vector<metadata_column>& columns, const table::chunk& rows, std::size_t first_column,
                     std::size_t row, std::vector<std::string>& names) {
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const table::column_view& values = rows.columns[first_column + c];
    if (!values.is_null(row)) {
      features_of_value(columns[c], text_of(values, row), names);
    }
  }
}

// Takes out the places of rows that were not shown: nobody's.
void close_gaps(interactions& events, std::size_t shown) {
  std::size_t to = 0;
  for (std::size_t from = 0; from < events.subject.size(); ++from) {
    if (events.subject[from].value() != 0) {
      events.subject[to] = events.subject[from];
      events.item[to] = events.item[from];
      events.time[to] = events.time[from];
      events.event_type[to] = events.event_type[from];
      events.event_value[to] = events.event_value[from];
      ++to;
    }
  }
  assert(to == shown);
  events.subject.resize(shown);
  events.item.resize(shown);
  events.time.resize(shown);
  events.event_type.resize(shown);
  events.event_value.resize(shown);
}

template <class Key>
void keep_last(std::map<Key, metadata_row>& all, Key key, metadata_row row) {
  const auto [found, fresh] = all.try_emplace(key, row);
  if (!fresh && found->second.place <= row.place) {
    found->second = std::move(row);
  }
}

}  // namespace

interactions dataset::load_interactions(const core::purpose& why, core::thread_pool& pool, core::job& job) const {
  settle(pool, job);
  interactions events;
  state_->log.while_nothing_settles([&] { events = scan_interactions(why, pool, job); });
  return events;
}

interactions dataset::scan_interactions(const core::purpose& why, core::thread_pool& pool, core::job& job) const {
  const std::vector<std::string> ids =
      owner_->sql_.read([&](sql::connection& in) { return shared_items::load(in, id_); });
  std::uint64_t total = 0;
  for (const table::part& p : owner_->tables_.parts(table_name(data_kind::interactions))) {
    total += p.rows;
  }
  interactions events;
  events.subject.resize(total);
  events.item.resize(total);
  events.time.resize(total);
  events.event_type.resize(total);
  events.event_value.resize(total);
  std::vector<std::atomic<bool>> occurs(ids.size());
  loaded_event_types types;
  std::atomic<bool> any_value = false;
  std::atomic<std::uint64_t> done = 0;

  constexpr std::array<std::string_view, 4> columns = {"ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE"};
  const auto visit = [&](const table::chunk& rows) {
    if (rows.number(rows.rows - 1) >= total) {
      throw error(errc::unavailable, "the dataset grew while it was loaded; try again");
    }
    std::string last_type;
    std::uint16_t last_number = 0;
    bool know_type = false;
    for (std::size_t i = 0; i < rows.rows; ++i) {
      const std::size_t at = rows.number(i);
      const auto item = static_cast<std::uint64_t>(rows.columns[0].int64()[i]);
      if (item >= ids.size()) {
        throw error(errc::corrupt, "an interaction has an item that the dictionary does not know");
      }
      if (!occurs[item].load(std::memory_order_relaxed)) {
        occurs[item].store(true, std::memory_order_relaxed);
      }
      events.subject[at] = core::subject_handle(static_cast<std::uint64_t>(rows.subjects[i]));
      events.item[at] = static_cast<item_position>(item);
      events.time[at] = rows.columns[1].int64()[i];
      const std::string_view type = rows.columns[2].is_null(i) ? std::string_view() : rows.columns[2].text(i);
      if (!know_type || type != last_type) {
        last_type = type;
        last_number = types.number_of(type);
        know_type = true;
      }
      events.event_type[at] = last_number;
      if (rows.columns[3].is_null(i)) {
        events.event_value[at] = std::numeric_limits<float>::quiet_NaN();
      } else {
        events.event_value[at] = static_cast<float>(rows.columns[3].float64()[i]);
        any_value.store(true, std::memory_order_relaxed);
      }
    }
    job.report("load", done += rows.rows, total);
  };
  const auto scanned = owner_->tables_.scan(table_name(data_kind::interactions), why, columns, {}, pool, job, visit);
  if (scanned.shown + scanned.withheld != total) {
    throw error(errc::unavailable, "the dataset changed while it was loaded; try again");
  }
  if (scanned.withheld > 0) {
    close_gaps(events, scanned.shown);
  }

  constexpr std::array<std::string_view, 1> item_column = {"ITEM_ID"};
  owner_->tables_.scan(table_name(data_kind::items), why, item_column, {}, pool, job, [&](const table::chunk& rows) {
    for (const std::int64_t item : rows.columns[0].int64()) {
      occurs.at(static_cast<std::size_t>(item)).store(true, std::memory_order_relaxed);
    }
  });
  std::vector<std::string> present;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (occurs[i]) {
      present.push_back(ids[i]);
    }
  }
  events.items = std::make_shared<catalogue>(std::move(present));
  std::vector<item_position> position(ids.size(), no_position);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (occurs[i]) {
      position[i] = *events.items->find(ids[i]);
    }
  }
  for (item_position& item : events.item) {
    item = position[item];
  }
  types.settle(events);
  if (!any_value) {
    events.event_value.clear();
  }
  return events;
}

item_metadata dataset::load_item_metadata(const catalogue& items, core::thread_pool& pool, core::job& job,
                                          std::size_t most_further) const {
  const std::vector<std::string> ids =
      owner_->sql_.read([&](sql::connection& in) { return shared_items::load(in, id_); });
  using item_row = std::vector<std::optional<std::string>>;
  item_metadata known;
  known.columns = description_.items;
  known.values.assign(known.columns.size(), item_row(items.size()));
  std::vector<std::uint64_t> place(items.size(), 0);
  std::unordered_map<std::int64_t, std::pair<std::uint64_t, item_row>> further;  // the last row of a handle
  std::vector<std::string_view> columns = {"ITEM_ID"};
  const auto metadata = names_of(description_.items);
  columns.insert(columns.end(), metadata.begin(), metadata.end());
  const auto value = [](const table::column_view& column, std::size_t row) {
    return column.is_null(row) ? std::nullopt : std::optional(text_of(column, row));
  };
  std::mutex mutex;
  const core::purpose& why = description_.purposes.front();  // items are nobody's
  owner_->tables_.scan(table_name(data_kind::items), why, columns, {}, pool, job, [&](const table::chunk& rows) {
    const std::lock_guard lock(mutex);
    for (std::size_t i = 0; i < rows.rows; ++i) {
      const std::int64_t handle = rows.columns[0].int64()[i];
      const std::uint64_t number = rows.number(i) + 1;
      if (static_cast<std::size_t>(handle) >= ids.size()) {
        continue;  // an item that came since
      }
      if (const auto position = items.find(ids.at(static_cast<std::size_t>(handle)))) {
        if (place[*position] <= number) {
          place[*position] = number;
          for (std::size_t c = 0; c < metadata.size(); ++c) {
            known.values[c][*position] = value(rows.columns[c + 1], i);
          }
        }
      } else if (most_further > 0 && further[handle].first <= number) {
        auto& last = further[handle];
        last.first = number;
        last.second.clear();
        for (std::size_t c = 0; c < metadata.size(); ++c) {
          last.second.push_back(value(rows.columns[c + 1], i));
        }
      }
    }
  });
  std::vector<std::pair<std::uint64_t, std::int64_t>> in_order;
  in_order.reserve(further.size());
  for (const auto& [handle, row] : further) {
    in_order.emplace_back(row.first, handle);
  }
  std::sort(in_order.begin(), in_order.end());
  const std::size_t left_out = in_order.size() - std::min(in_order.size(), most_further);
  for (std::size_t i = left_out; i < in_order.size(); ++i) {
    const std::int64_t handle = in_order[i].second;
    known.further.push_back(ids.at(static_cast<std::size_t>(handle)));
    for (std::size_t c = 0; c < metadata.size(); ++c) {
      known.values[c].push_back(std::move(further[handle].second[c]));
    }
  }
  return known;
}

side_features dataset::load_features(const catalogue& items, const core::purpose& why, core::thread_pool& pool,
                                     core::job& job) const {
  side_features made;
  if (!description_.items.empty()) {
    const item_metadata known = load_item_metadata(items, pool, job);
    feature_matrix_builder builder;
    std::vector<std::string> names;
    for (item_position item = 0; item < items.size(); ++item) {
      names.clear();
      for (std::size_t c = 0; c < known.columns.size(); ++c) {
        if (known.values[c][item]) {
          features_of_value(known.columns[c], *known.values[c][item], names);
        }
      }
      builder.add_row(names);
    }
    made.items = builder.finish();
  }
  if (!description_.users.empty()) {
    std::map<core::subject_handle, metadata_row> people;
    std::mutex mutex;
    owner_->tables_.scan(
        table_name(data_kind::users), why, names_of(description_.users), {}, pool, job, [&](const table::chunk& rows) {
          for (std::size_t i = 0; i < rows.rows; ++i) {
            metadata_row row{rows.number(i), {}};
            features_of_row(description_.users, rows, 0, i, row.features);
            const std::lock_guard lock(mutex);
            keep_last(people, core::subject_handle(static_cast<std::uint64_t>(rows.subjects[i])), std::move(row));
          }
        });
    feature_matrix_builder builder;
    for (const auto& [who, row] : people) {
      made.user_subjects.push_back(who);
      builder.add_row(row.features);
    }
    made.users = builder.finish();
  }
  return made;
}

std::vector<std::string> dataset::features_of(core::subject_handle who, const core::purpose& why) const {
  std::vector<std::string> names;
  if (description_.users.empty()) {
    return names;
  }
  core::thread_pool pool(1);
  core::job job;
  owner_->tables_.scan(table_name(data_kind::users), why, names_of(description_.users), {.subjects = {&who, 1}}, pool,
                       job, [&](const table::chunk& rows) {
                         names.clear();
                         features_of_row(description_.users, rows, 0, rows.rows - 1, names);
                       });
  return names;
}

std::map<std::string, std::string> dataset::profile_of(core::subject_handle who, const core::purpose& why) const {
  std::map<std::string, std::string> profile;
  if (description_.users.empty()) {
    return profile;
  }
  core::thread_pool pool(1);
  core::job job;
  owner_->tables_.scan(table_name(data_kind::users), why, names_of(description_.users), {.subjects = {&who, 1}}, pool,
                       job, [&](const table::chunk& rows) {
                         profile.clear();
                         for (std::size_t c = 0; c < rows.columns.size(); ++c) {
                           if (!rows.columns[c].is_null(rows.rows - 1)) {
                             profile.emplace(description_.users[c].name, text_of(rows.columns[c], rows.rows - 1));
                           }
                         }
                       });
  return profile;
}

namespace {

constexpr std::array<std::string_view, 4> past_event_columns = {"ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE"};

past_event past_event_of(const table::chunk& rows, std::size_t i, event_type_names& types) {
  past_event e;
  e.item = static_cast<std::uint32_t>(rows.columns[0].int64()[i]);
  e.time = rows.columns[1].int64()[i];
  e.type = types.number_of(rows.columns[2].is_null(i) ? std::string_view() : rows.columns[2].text(i));
  e.value = rows.columns[3].is_null(i) ? std::numeric_limits<float>::quiet_NaN()
                                       : static_cast<float>(rows.columns[3].float64()[i]);
  return e;
}

// What waits behind what rests, oldest first.
void complete(stored_history& history, const event_buffer::snapshot& waiting) {
  history.events.insert(history.events.end(), waiting.events.begin(), waiting.events.end());
  history.clock = waiting.clock;
  std::stable_sort(history.events.begin(), history.events.end(),
                   [](const past_event& a, const past_event& b) { return a.time < b.time; });
}

}  // namespace

stored_history dataset::compact_history_of(core::subject_handle who, const core::purpose& why) const {
  stored_history history;
  if (!admission_for(why)->admits(who)) {
    return history;
  }
  core::thread_pool pool(1);
  core::job job;
  const auto waiting = state_->log.read(who, [&] {
    history.events.clear();
    owner_->tables_.scan(table_name(data_kind::interactions), why, past_event_columns, {.subjects = {&who, 1}}, pool,
                         job, [&](const table::chunk& rows) {
                           for (std::size_t i = 0; i < rows.rows; ++i) {
                             history.events.push_back(past_event_of(rows, i, state_->types));
                           }
                         });
  });
  complete(history, waiting);
  return history;
}

void dataset::compact_histories(
    std::uint32_t bucket, const core::purpose& why, core::job& job,
    const std::function<bool(core::subject_handle)>& wanted,
    const std::function<void(core::subject_handle, stored_history, std::vector<std::string>)>& told) const {
  const table::scan_options of_bucket{.buckets = {&bucket, 1}};
  struct person {
    std::int64_t last = std::numeric_limits<std::int64_t>::min();
    stored_history history;
    std::vector<std::string> features;
  };
  std::unordered_map<core::subject_handle, person> people;
  const auto who_of = [](const table::chunk& rows, std::size_t i) {
    return core::subject_handle(static_cast<std::uint64_t>(rows.subjects[i]));
  };
  // Alone, so that rows come in the order in which they were appended.
  core::thread_pool pool(1);
  state_->log.read_many([&](const event_log::waiting_of& waiting_of) {
    owner_->tables_.scan(table_name(data_kind::interactions), why, past_event_columns, of_bucket, pool, job,
                         [&](const table::chunk& rows) {
                           for (std::size_t i = 0; i < rows.rows; ++i) {
                             person& one = people[who_of(rows, i)];
                             one.history.events.push_back(past_event_of(rows, i, state_->types));
                             one.last = std::max(one.last, one.history.events.back().time);
                           }
                         });
    if (!description_.users.empty()) {
      owner_->tables_.scan(table_name(data_kind::users), why, names_of(description_.users), of_bucket, pool, job,
                           [&](const table::chunk& rows) {
                             for (std::size_t i = 0; i < rows.rows; ++i) {
                               if (const auto found = people.find(who_of(rows, i)); found != people.end()) {
                                 found->second.features.clear();
                                 features_of_row(description_.users, rows, 0, i, found->second.features);
                               }
                             }
                           });
    }
    std::vector<std::pair<std::int64_t, core::subject_handle>> latest_first;
    latest_first.reserve(people.size());
    for (const auto& [who, one] : people) {
      latest_first.emplace_back(one.last, who);
    }
    std::sort(latest_first.begin(), latest_first.end(), std::greater<>());
    for (const auto& [last, who] : latest_first) {
      if (wanted(who)) {
        person& one = people[who];
        complete(one.history, waiting_of(who));
        told(who, std::move(one.history), std::move(one.features));
      }
    }
  });
}

std::vector<history_event> dataset::history_of(core::subject_handle who, const core::purpose& why) const {
  const std::vector<past_event> events = compact_history_of(who, why).events;
  std::vector<std::int64_t> distinct;
  distinct.reserve(events.size());
  for (const past_event& e : events) {
    distinct.push_back(e.item);
  }
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  std::map<std::int64_t, std::string> ids;
  owner_->sql_.read([&](sql::connection& in) {
    in.each("SELECT handle, item_id FROM dataset_item WHERE dataset_id = :id AND handle IN {int64s:handles}",
            {{"id", id_}, {"handles", sql::int64_list(distinct)}},
            [&](const sql::row& r) { ids.emplace(r.int64(0), std::string(r.text(1))); });
  });
  std::vector<history_event> history;
  history.reserve(events.size());
  for (const past_event& e : events) {
    history.push_back({ids.at(e.item), e.time, state_->types.name_of(e.type), e.value});
  }
  return history;
}

}  // namespace eunomia::recommend
