#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/subject_handle.h"
#include "recommend/event.h"
#include "recommend/event_checks.h"
#include "store/sql/database.h"
#include "store/table/column_batch.h"

// How events lie in SQL.
//
//   dataset_event      a row an event that is durable and may not be in Parquet yet. Without an index beside its key:
//                      rows are appended, read once and deleted
//   dataset_event_key  the keys of the events that left it, for event_id_memory_ms
//   dataset_settled    up to which id the events of a dataset are in Parquet
namespace eunomia::recommend {

extern const std::string_view event_tables;  // the migration

struct event_row {
  std::int64_t id;
  core::subject_handle who;
  std::int64_t item;  // handle
  std::int64_t time;  // UTC ms
  std::string_view type;
  float value;  // NaN: none
  std::string_view impression;
  std::string_view properties;
  std::optional<event_key> key;
  std::int64_t recorded_at;
};

// The rows of one batch on their way into dataset_event. The events must outlive it.
class event_row_writer {
 public:
  event_row_writer(std::int64_t dataset, std::int64_t now) : dataset_(dataset), now_(now) {}

  void add(std::int64_t id, core::subject_handle who, std::int64_t item, const checked_event& one);
  void write(store::sql::transaction& in) const;

 private:
  // Rows with a value and rows without are inserted apart.
  struct columns {
    std::vector<std::int64_t> id;
    std::vector<std::int64_t> dataset;
    std::vector<std::int64_t> subject;
    std::vector<std::int64_t> item;
    std::vector<std::int64_t> time;
    std::vector<std::string_view> type;
    std::vector<double> value;
    std::vector<std::string_view> impression;
    std::vector<std::string_view> properties;
    std::vector<std::int64_t> key_high;
    std::vector<std::int64_t> key_low;
    std::vector<std::int64_t> recorded_at;
  };

  const std::int64_t dataset_;
  const std::int64_t now_;
  columns with_value_;
  columns without_value_;
};

// Those of a dataset with first <= id <= last, by id.
void read_event_rows(store::sql::connection& in, std::int64_t dataset, std::int64_t first, std::int64_t last,
                     const std::function<void(const event_row&)>& visit);
// The same of these ids, at most some thousands.
void read_event_rows(store::sql::connection& in, std::int64_t dataset, std::span<const std::int64_t> ids,
                     const std::function<void(const event_row&)>& visit);
// Adds a row to a batch of a table of interactions, whose columns are those of fixed_columns() and metadata.
void add_event_row(const event_row& row, std::span<const store::table::column> columns,
                   store::table::column_batch& batch);
// Deletes these events, and the keys of these people.
void erase_events(store::sql::transaction& in, std::int64_t dataset, std::span<const std::int64_t> ids,
                  std::span<const core::subject_handle> gone);

// How many events and how many keys of these people there are.
void count_event_rows(store::sql::connection& in, std::int64_t dataset, std::span<const core::subject_handle> people,
                      std::uint64_t& events, std::uint64_t& keys);

struct kept_key {
  event_key key;
  core::subject_handle who;
  std::int64_t recorded_at;
};

// The keys in dataset_event of rows up to last.
void read_event_keys(store::sql::connection& in, std::int64_t dataset, std::int64_t last,
                     const std::function<void(const kept_key&)>& visit);
// Adds to found those that dataset_event_key has.
void find_kept_keys(store::sql::connection& in, std::int64_t dataset, std::span<const event_key> keys,
                    std::unordered_set<event_key>& found);
// Those that dataset_event_key has of one person, by age.
std::vector<kept_key> kept_keys_of(store::sql::connection& in, std::int64_t dataset, core::subject_handle who);
void keep_event_keys(store::sql::transaction& in, std::int64_t dataset, std::span<const kept_key> keys);
// Deletes keys that were recorded before a moment, at most so many; how many.
std::uint64_t forget_event_keys(store::sql::transaction& in, std::int64_t dataset, std::int64_t before,
                                std::size_t at_most);

}  // namespace eunomia::recommend
