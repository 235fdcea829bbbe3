#include "recommend/dataset_collection.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/hash.h"
#include "recommend/custody_steps.h"
#include "recommend/dataset_state.h"
#include "recommend/dataset_tables.h"
#include "recommend/event_rows.h"
#include "recommend/event_value.h"

namespace eunomia::recommend {

namespace {

namespace sql = store::sql;
namespace table = store::table;
using subject::collected_value;
using subject::data_origin;
using subject::part_column;
using subject::store_kind;
using subject::value_type;

constexpr std::string_view item_column = "ITEM_ID";
constexpr std::string_view value_column = "EVENT_VALUE";

// The identifiers of items, as they are met.
class item_names {
 public:
  static constexpr std::size_t max_in_memory = 65'536;

  item_names(sql::database& in, std::int64_t dataset, std::string_view name)
      : sql_(in), dataset_(dataset), name_(name) {}

  // Some thousands at a time.
  void meet(std::span<const std::int64_t> handles) {
    if (known_.size() + handles.size() > max_in_memory) {
      known_.clear();
    }
    std::vector<std::int64_t> unknown;
    for (const std::int64_t handle : handles) {
      if (known_.try_emplace(handle).second) {
        unknown.push_back(handle);
      }
    }
    if (unknown.empty()) {
      return;
    }
    sql_.read([&](sql::connection& in) {
      in.each("SELECT handle, item_id FROM dataset_item WHERE dataset_id = :id AND handle IN {int64s:handles}",
              {{"id", dataset_}, {"handles", sql::int64_list(unknown)}},
              [&](const sql::row& r) { known_[r.int64(0)] = r.text(1); });
    });
  }

  std::string_view of(std::int64_t handle) const {
    const std::string& id = known_.at(handle);
    if (id.empty()) {
      throw core::error(core::errc::corrupt,
                        fmt::format("dataset \"{}\" has an item that its dictionary does not know; restore it from a "
                                    "copy",
                                    name_));
    }
    return id;
  }

 private:
  sql::database& sql_;
  const std::int64_t dataset_;
  const std::string_view name_;
  std::unordered_map<std::int64_t, std::string> known_;
};

// What a column of a table is, to the person.
part_column described(const table::column& stored) {
  static const std::unordered_map<std::string_view, std::pair<value_type, const char*>> known = {
      {item_column, {value_type::text, "What you did something with"}},
      {"TIMESTAMP", {value_type::moment, "When"}},
      {"EVENT_TYPE", {value_type::text, "What you did: viewed, bought, ..."}},
      {value_column, {value_type::number, "A figure that belongs to it: a price, a rating, a duration"}},
      {"IMPRESSION", {value_type::text, "What was shown to you then, with | between the items"}},
      {"IMPORTED_AT", {value_type::moment, "When this row was brought in"}}};
  if (const auto found = known.find(stored.name); found != known.end()) {
    return {stored.name, found->second.first, found->second.second};
  }
  switch (stored.type) {
    case table::column_type::int64: return {stored.name, value_type::integer, ""};
    case table::column_type::float64: return {stored.name, value_type::number, ""};
    case table::column_type::text: return {stored.name, value_type::text, ""};
  }
  return {};
}

}  // namespace

// What is held of one person in one dataset. Used once.
class dataset_collection {
 public:
  dataset_collection(const dataset& from, core::subject_handle who, const subject::custody_context& with,
                     subject::collector& into)
      : from_(from),
        house_(*from.owner_),
        who_(who),
        with_(with),
        into_(into),
        items_(house_.sql_, from.id_, from.description_.name) {}

  void tell() {
    tell_interactions();
    tell_profile();
    tell_event_ids();
  }

 private:
  const std::string& name() const { return from_.description_.name; }
  event_log& log() const { return from_.state_->log; }

  // Begins a part of one of the tables, in whose columns rows come from then on.
  bool begin_table(data_kind kind, subject::collected_part part) {
    columns_ = house_.tables_.describe(from_.table_name(kind)).columns;
    part.recipients = recipients_of(from_, kind);
    std::transform(columns_.begin(), columns_.end(), std::back_inserter(part.columns), described);
    return into_.begin(part);
  }

  void tell_interactions() {
    if (!begin_table(
            data_kind::interactions,
            {"interactions-" + name(),
             fmt::format("What you did ({})", name()),
             fmt::format("Everything that an application told this server you did, in its dataset {}. "
                         "Recommendations are computed from it when they are asked for, and are not kept.",
                         name()),
             data_origin::observed,
             {{store_kind::table, from_.table_name(data_kind::interactions)}, {store_kind::sql_table, "dataset_event"}},
             {}})) {
      return;
    }
    log().read_rows(
        who_, [&] { tell_table(data_kind::interactions); },
        [&](std::span<const std::int64_t> ids) {
          table::column_batch batch(columns_);
          house_.sql_.read([&](sql::connection& in) {
            batch.clear();
            read_event_rows(in, from_.id_, ids, [&](const event_row& row) { add_event_row(row, columns_, batch); });
          });
          tell_rows(std::span<const table::column_values>(batch.columns), batch.rows());
        });
  }

  void tell_profile() {
    if (begin_table(data_kind::users,
                    {"profile-" + name(),
                     fmt::format("What is known of you ({})", name()),
                     fmt::format("Your profile in the dataset {}, as an application brought it in. Where there are "
                                 "several rows, the last counts.",
                                 name()),
                     data_origin::provided,
                     {{store_kind::table, from_.table_name(data_kind::users)}},
                     {}})) {
      tell_table(data_kind::users);
    }
  }

  void tell_event_ids() {
    if (!into_.begin({"event-ids-" + name(),
                      fmt::format("Traces of event ids ({})", name()),
                      fmt::format("Applications may number what they tell. A digest of each number is kept for seven "
                                  "days, so that nothing is counted twice in the dataset {}. The number itself is not "
                                  "kept.",
                                  name()),
                      data_origin::observed,
                      {{store_kind::sql_table, "dataset_event_key"}, {store_kind::sql_table, "dataset_event"}},
                      {{"digest", value_type::text, "Hexadecimal: 128 bits of BLAKE2b"},
                       {"recorded_at", value_type::moment, "Empty: of late"}}})) {
      return;
    }
    for (const kept_key& key : log().keys_of(who_)) {
      into_.add({fmt::format("{:016x}{:016x}", static_cast<std::uint64_t>(key.key.high),
                             static_cast<std::uint64_t>(key.key.low)),
                 key.recorded_at == 0 ? collected_value() : collected_value(key.recorded_at)});
    }
  }

  void tell_table(data_kind kind) {
    std::vector<std::string_view> names(columns_.size());
    std::transform(columns_.begin(), columns_.end(), names.begin(),
                   [](const table::column& one) -> std::string_view { return one.name; });
    house_.tables_.scan(from_.table_name(kind), core::purpose::rights_of_the_data_subject(), names,
                        {.subjects = {&who_, 1}}, with_.pool, with_.job, [&](const table::chunk& rows) {
                          tell_rows(std::span<const table::column_view>(rows.columns), rows.rows);
                        });
  }

  // Column is column_view or column_values.
  template <class Column>
  void tell_rows(std::span<const Column> columns, std::size_t rows) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (columns_[c].name == item_column) {
        items_.meet(columns[c].int64());
      }
    }
    std::vector<collected_value> row(columns.size());
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t c = 0; c < columns.size(); ++c) {
        row[c] = value_of(columns_[c], columns[c], i);
      }
      into_.add(row);
    }
  }

  template <class Column>
  collected_value value_of(const table::column& about, const Column& values, std::size_t row) const {
    if (values.is_null(row)) {
      return {};
    }
    switch (values.type()) {
      case table::column_type::int64:
        return about.name == item_column ? collected_value(items_.of(values.int64()[row]))
                                         : collected_value(values.int64()[row]);
      case table::column_type::float64:
        return about.name == value_column ? shortest(static_cast<float>(values.float64()[row])) : values.float64()[row];
      case table::column_type::text: return values.text(row);
    }
    return {};
  }

  const dataset& from_;
  datasets& house_;
  const core::subject_handle who_;
  const subject::custody_context& with_;
  subject::collector& into_;
  item_names items_;
  std::vector<table::column> columns_;  // of the part at hand
};

void collect(const dataset& from, core::subject_handle who, const subject::custody_context& with,
             subject::collector& into) {
  dataset_collection(from, who, with, into).tell();
}

}  // namespace eunomia::recommend
