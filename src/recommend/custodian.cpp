#include "recommend/custodian.h"

#include <fmt/format.h>

#include <algorithm>

namespace eunomia::recommend {

namespace {

using subject::data_about;
using subject::holding;
using subject::store_kind;

constexpr std::string_view until_dropped = "until the dataset is dropped";

holding about_nobody(std::string table, std::string what, std::string_view retention = until_dropped) {
  return {
      store_kind::sql_table, std::move(table), data_about::nobody, std::move(what), {}, {}, std::string(retention), ""};
}

std::vector<std::string> names_of(const std::vector<core::purpose>& purposes) {
  std::vector<std::string> names;
  names.reserve(purposes.size());
  for (const core::purpose& purpose : purposes) {
    names.push_back(purpose.name());
  }
  return names;
}

std::string columns_of(const std::vector<metadata_column>& columns) {
  std::string text;
  for (const metadata_column& column : columns) {
    text += (text.empty() ? "" : ", ") + column.name;
  }
  return text.empty() ? "no further columns" : "further columns: " + text;
}

// Of all datasets, each once.
std::vector<std::string> all_purposes(const std::vector<dataset_table>& tables) {
  std::vector<std::string> all;
  for (const dataset_table& table : tables) {
    std::ranges::move(names_of(table.purposes), std::back_inserter(all));
  }
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

holding of_table(const dataset_table& table) {
  if (table.kind == data_kind::items) {
    return {store_kind::table,
            table.name,
            data_about::nobody,
            fmt::format("Items of dataset \"{}\"; {}.", table.dataset, columns_of(table.columns)),
            {},
            {},
            std::string(until_dropped),
            ""};
  }
  const bool profiles = table.kind == data_kind::users;
  return {store_kind::table,
          table.name,
          data_about::data_subjects,
          fmt::format("{} of dataset \"{}\", under handles; {}.",
                      profiles ? "Profiles of people" : "What people did: item, time, type, value, impression",
                      table.dataset, columns_of(table.columns)),
          {profiles ? "profiles" : "interactions"},
          names_of(table.purposes),
          std::string(until_dropped),
          "their bucket is rewritten without their rows, and the old files are unlinked"};
}

std::vector<holding> always_there(const std::vector<std::string>& purposes) {
  return {
      about_nobody("dataset", "The names of datasets."),
      about_nobody("dataset_column", "The names and types of their columns."),
      about_nobody("dataset_item", "The identifiers of items; they stay when the only person who had one is erased."),
      about_nobody("dataset_import", "A digest of each file that was imported, and the number of its rows."),
      about_nobody("dataset_purpose", "What each dataset may be used for, and by which decision."),
      about_nobody("dataset_settled", "How far events were moved to their table."),
      {store_kind::sql_table,
       "dataset_event",
       data_about::data_subjects,
       "Events that wait to be moved to the dataset's table, under handles.",
       {"interactions"},
       purposes,
       "about a minute",
       "rows are deleted, and SQLite's log is emptied"},
      {store_kind::sql_table,
       "dataset_event_key",
       data_about::data_subjects,
       "A digest of the id that the application gave an event, under the handle of who did it.",
       {"interactions"},
       {},
       "seven days",
       "rows are deleted, and SQLite's log is emptied"},
      about_nobody("recommender", "What each recommender is to learn from, and when.", "until it is removed"),
      about_nobody("recommend_model_version",
                   "The versions of trained models that are kept: parameters, metrics, file.",
                   "as many versions as the recommender keeps"),
      {store_kind::sql_table,
       "recommend_forgetting",
       data_about::data_subjects,
       "Requests to forget people: their handles until that is done on the disk, then only how many.",
       {"requests to erase"},
       {},
       "handles: until it is done; the rest for ever",
       "the handles are deleted with the request's end, and SQLite's log is emptied"},
      {store_kind::blob_prefix,
       "models/",
       data_about::data_subjects,
       "Trained models: the rows that they learned from, under handles, and what was learned.",
       {"interactions", "profiles"},
       purposes,
       "as many versions as the recommender keeps",
       "every kept version is saved anew without them, and the old file is unlinked"},
      {store_kind::memory,
       "live histories",
       data_about::data_subjects,
       "What people did last, under handles, for the next answer.",
       {"interactions", "profiles"},
       purposes,
       "until the process ends, or others take the room",
       "dropped with the request"},
      {store_kind::memory,
       "served models",
       data_about::data_subjects,
       "The models that answer, with the rows that they learned from.",
       {"interactions", "profiles"},
       purposes,
       "until a newer version answers",
       "every served model forgets them before the request is answered"},
  };
}

class recommend_custodian final : public subject::custodian {
 public:
  explicit recommend_custodian(const datasets& data) : data_(data) {}

  std::string_view name() const override { return "recommend"; }
  std::vector<holding> describe() const override {
    const std::vector<dataset_table> tables = data_.tables();
    std::vector<holding> all = always_there(all_purposes(tables));
    std::ranges::transform(tables, std::back_inserter(all), of_table);
    return all;
  }

 private:
  const datasets& data_;
};

}  // namespace

std::unique_ptr<subject::custodian> make_custodian(const datasets& data) {
  return std::make_unique<recommend_custodian>(data);
}

}  // namespace eunomia::recommend
