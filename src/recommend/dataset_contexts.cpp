// How often the items of a dataset occur with the values of a column of interactions.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "core/error.h"
#include "recommend/dataset.h"
#include "recommend/dataset_state.h"
#include "recommend/dataset_tables.h"
#include "recommend/import_reader.h"
#include "recommend/value_condition.h"

namespace eunomia::recommend {

namespace {

namespace sql = store::sql;
namespace table = store::table;

// Counts as the table is read; a part of it at a time.
class value_counter {
 public:
  value_counter(metadata_type type, std::size_t items) : type_(type), by_item_(items) {}

  void add(std::size_t item, const std::string& value) {
    if (item >= by_item_.size()) {
      return;  // an item that came since
    }
    ++by_item_[item];
    for (const std::string& part : parts_of(type_, value)) {
      ++values_[part][static_cast<std::uint32_t>(item)];
    }
  }

  item_value_counts finish(std::vector<std::string> items) {
    item_value_counts counts;
    counts.items = std::move(items);
    counts.by_item = std::move(by_item_);
    for (const std::uint32_t events : counts.by_item) {
      counts.events += events;
    }
    std::vector<std::pair<std::string, item_value_counts::value_events>> all;
    for (const auto& [value, by_item] : values_) {
      item_value_counts::value_events one{.events = 0, .by_item = {by_item.begin(), by_item.end()}};
      std::ranges::sort(one.by_item);
      for (const auto& [item, events] : one.by_item) {
        one.events += events;
      }
      all.emplace_back(value, std::move(one));
    }
    std::ranges::sort(all, [](const auto& a, const auto& b) {
      return a.second.events > b.second.events || (a.second.events == b.second.events && a.first < b.first);
    });
    all.resize(std::min(all.size(), item_value_counts::max_values));
    for (auto& [value, one] : all) {
      counts.values.emplace(value, std::move(one));
    }
    return counts;
  }

 private:
  metadata_type type_;
  std::vector<std::uint32_t> by_item_;
  std::unordered_map<std::string, std::unordered_map<std::uint32_t, std::uint32_t>> values_;
};

}  // namespace

item_value_counts dataset::count_values(std::string_view column, const core::purpose& why, core::thread_pool& pool,
                                        core::job& job) const {
  const auto found = std::ranges::find(description_.interactions, upper(column), &metadata_column::name);
  if (found == description_.interactions.end()) {
    std::vector<std::string_view> names;
    names.reserve(description_.interactions.size());
    for (const metadata_column& one : description_.interactions) {
      names.emplace_back(one.name);
    }
    throw core::error(core::errc::not_found,
                      fmt::format("interactions have no column \"{}\"; they have {}", column,
                                  names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
  }
  item_value_counts counts;
  state_->log.while_nothing_settles([&] { counts = scan_values(*found, why, pool, job); });
  return counts;
}

item_value_counts dataset::scan_values(const metadata_column& column, const core::purpose& why, core::thread_pool& pool,
                                       core::job& job) const {
  std::vector<std::string> ids = owner_->sql_.read([&](sql::connection& in) { return shared_items::load(in, id_); });
  value_counter counter(column.type, ids.size());
  std::mutex mutex;  // of the counter
  const std::string_view columns[] = {"ITEM_ID", column.name};
  owner_->tables_.scan(table_name(data_kind::interactions), why, columns, {}, pool, job, [&](const table::chunk& rows) {
    const std::lock_guard lock(mutex);
    for (std::size_t i = 0; i < rows.rows; ++i) {
      if (!rows.columns[1].is_null(i)) {
        counter.add(static_cast<std::size_t>(rows.columns[0].int64()[i]), text_of(rows.columns[1], i));
      }
    }
  });
  return counter.finish(std::move(ids));
}

}  // namespace eunomia::recommend
