// What a dataset holds, told at length: interactions of one person or with one item, profiles, items.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "recommend/dataset.h"
#include "recommend/dataset_state.h"
#include "recommend/dataset_tables.h"
#include "recommend/event_rows.h"

namespace eunomia::recommend {

namespace {

namespace sql = store::sql;
namespace table = store::table;

struct handled_interaction {
  std::int64_t item = 0;
  full_interaction what;
};

// Interactions as they are read; several threads may add.
class interaction_list {
 public:
  explicit interaction_list(std::span<const table::column> columns) {
    names_.reserve(columns.size());
    for (const table::column& one : columns) {
      names_.emplace_back(one.name);
    }
  }

  std::vector<std::string_view> names() const { return {names_.begin(), names_.end()}; }

  // Column is column_view or column_values, of the columns of the table.
  template <class Column>
  void add(core::subject_handle who, std::span<const Column> columns, std::size_t row) {
    handled_interaction one;
    one.what.who = who;
    one.what.what.event_value = std::numeric_limits<float>::quiet_NaN();
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (columns[c].is_null(row)) {
        continue;
      }
      const std::string& name = names_[c];
      if (name == "ITEM_ID") {
        one.item = columns[c].int64()[row];
      } else if (name == "TIMESTAMP") {
        one.what.what.time = columns[c].int64()[row];
      } else if (name == "EVENT_TYPE") {
        one.what.what.event_type = columns[c].text(row);
      } else if (name == "EVENT_VALUE") {
        one.what.what.event_value = static_cast<float>(columns[c].float64()[row]);
      } else if (name != "IMPRESSION" && name != "IMPORTED_AT") {
        one.what.properties.emplace(name, text_of(columns[c], row));
      }
    }
    const std::lock_guard lock(mutex_);
    if (all_.size() >= max_listed_interactions) {
      throw core::error(core::errc::resource_exhausted,
                        fmt::format("there are more interactions than max_listed_interactions = {}; export the "
                                    "dataset instead",
                                    max_listed_interactions));
    }
    all_.push_back(std::move(one));
  }

  std::vector<std::int64_t> items() const {
    std::vector<std::int64_t> handles;
    handles.reserve(all_.size());
    for (const handled_interaction& one : all_) {
      handles.push_back(one.item);
    }
    std::sort(handles.begin(), handles.end());
    handles.erase(std::unique(handles.begin(), handles.end()), handles.end());
    return handles;
  }

  std::vector<full_interaction> oldest_first(const std::function<std::string(std::int64_t)>& id_of) {
    std::stable_sort(all_.begin(), all_.end(), [](const auto& a, const auto& b) {
      return std::pair(a.what.what.time, a.what.who) < std::pair(b.what.what.time, b.what.who);
    });
    std::vector<full_interaction> list;
    list.reserve(all_.size());
    for (handled_interaction& one : all_) {
      one.what.what.item_id = id_of(one.item);
      list.push_back(std::move(one.what));
    }
    return list;
  }

 private:
  std::vector<std::string> names_;
  std::mutex mutex_;
  std::vector<handled_interaction> all_;
};

}  // namespace

std::vector<full_interaction> dataset::interactions_of(core::subject_handle who, const core::purpose& why) const {
  if (!admission_for(why)->admits(who)) {
    return {};
  }
  const std::string name = table_name(data_kind::interactions);
  const std::vector<table::column> columns = owner_->tables_.describe(name).columns;
  interaction_list list(columns);
  core::thread_pool pool(1);
  core::job job;
  state_->log.read_rows(
      who,
      [&] {
        owner_->tables_.scan(name, why, list.names(), {.subjects = {&who, 1}}, pool, job,
                             [&](const table::chunk& rows) {
                               for (std::size_t i = 0; i < rows.rows; ++i) {
                                 list.add(who, std::span<const table::column_view>(rows.columns), i);
                               }
                             });
      },
      [&](std::span<const std::int64_t> ids) {
        table::column_batch batch(columns);
        owner_->sql_.read([&](sql::connection& in) {
          batch.clear();
          read_event_rows(in, id_, ids, [&](const event_row& row) { add_event_row(row, columns, batch); });
        });
        for (std::size_t i = 0; i < batch.rows(); ++i) {
          list.add(who, std::span<const table::column_values>(batch.columns), i);
        }
      });
  std::unordered_map<std::int64_t, std::string> ids;
  owner_->sql_.read([&](sql::connection& in) {
    in.each("SELECT handle, item_id FROM dataset_item WHERE dataset_id = :id AND handle IN {int64s:handles}",
            {{"id", id_}, {"handles", sql::int64_list(list.items())}},
            [&](const sql::row& row) { ids.emplace(row.int64(0), std::string(row.text(1))); });
  });
  return list.oldest_first([&](std::int64_t item) { return ids.at(item); });
}

std::vector<full_interaction> dataset::interactions_with(std::string_view item, const core::purpose& why,
                                                         core::thread_pool& pool, core::job& job) const {
  const auto handle = state_->items.find({&item, 1}).front();
  if (!handle) {
    return {};
  }
  settle(pool, job);
  const std::string name = table_name(data_kind::interactions);
  const std::vector<table::column> columns = owner_->tables_.describe(name).columns;
  const auto items = static_cast<std::size_t>(
      std::ranges::find(columns, std::string_view("ITEM_ID"), &table::column::name) - columns.begin());
  interaction_list list(columns);
  state_->log.while_nothing_settles([&] {
    owner_->tables_.scan(name, why, list.names(), {}, pool, job, [&](const table::chunk& rows) {
      for (std::size_t i = 0; i < rows.rows; ++i) {
        if (rows.columns[items].int64()[i] == *handle) {
          list.add(core::subject_handle(static_cast<std::uint64_t>(rows.subjects[i])),
                   std::span<const table::column_view>(rows.columns), i);
        }
      }
    });
  });
  return list.oldest_first([&](std::int64_t) { return std::string(item); });
}

bool dataset::knows_item(std::string_view item) const {
  return state_->items.find({&item, 1}).front().has_value();
}

bool dataset::occurs(std::span<const past_event> among, std::string_view item, std::string_view type,
                     std::optional<std::int64_t> time) const {
  const auto handle = state_->items.find({&item, 1}).front();
  return handle && std::ranges::any_of(among, [&](const past_event& one) {
           return one.item == *handle && (!time || one.time == *time) && state_->types.name_of(one.type) == type;
         });
}

std::vector<std::string> dataset::item_ids() const {
  std::vector<std::string> ids;
  state_->items.visit_from(0, [&](std::int64_t, const std::string& id) {
    if (!id.empty()) {  // else a promise that nobody kept
      ids.push_back(id);
    }
  });
  return ids;
}

bool dataset::has_profile(core::subject_handle who, const core::purpose& why) const {
  core::thread_pool pool(1);
  core::job job;
  bool found = false;
  constexpr std::string_view column = "IMPORTED_AT";
  owner_->tables_.scan(table_name(data_kind::users), why, {&column, 1}, {.subjects = {&who, 1}}, pool, job,
                       [&](const table::chunk&) { found = true; });
  return found;
}

std::map<core::subject_handle, std::map<std::string, std::string>> dataset::profiles(const core::purpose& why,
                                                                                     core::thread_pool& pool,
                                                                                     core::job& job) const {
  struct row_of_person {
    std::uint64_t place = 0;
    std::map<std::string, std::string> values;
  };
  std::unordered_map<core::subject_handle, row_of_person> last;
  std::mutex mutex;
  std::vector<std::string_view> names = {"IMPORTED_AT"};
  for (const metadata_column& one : description_.users) {
    names.emplace_back(one.name);
  }
  owner_->tables_.scan(table_name(data_kind::users), why, names, {}, pool, job, [&](const table::chunk& rows) {
    for (std::size_t i = 0; i < rows.rows; ++i) {
      row_of_person row{rows.number(i) + 1, {}};
      for (std::size_t c = 1; c < rows.columns.size(); ++c) {
        if (!rows.columns[c].is_null(i)) {
          row.values.emplace(names[c], text_of(rows.columns[c], i));
        }
      }
      const std::lock_guard lock(mutex);
      row_of_person& kept = last[core::subject_handle(static_cast<std::uint64_t>(rows.subjects[i]))];
      if (kept.place <= row.place) {
        kept = std::move(row);
      }
    }
  });
  std::map<core::subject_handle, std::map<std::string, std::string>> all;
  for (auto& [who, row] : last) {
    all.emplace(who, std::move(row.values));
  }
  return all;
}

}  // namespace eunomia::recommend
