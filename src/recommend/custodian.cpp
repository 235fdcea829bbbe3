#include "recommend/custodian.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/error.h"
#include "recommend/dataset_collection.h"

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
       "the handles are deleted with the request's end, and SQLite's log is emptied",
       "Nothing leads from you to such a request: who is to be forgotten has no identifier any more."},
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
       "dropped with the request",
       "A copy of the last of what you did, which is in the archive."},
      {store_kind::memory,
       "served models",
       data_about::data_subjects,
       "The models that answer, with the rows that they learned from.",
       {"interactions", "profiles"},
       purposes,
       "until a newer version answers",
       "every served model forgets them before the request is answered",
       "A copy of the models that the archive names."},
  };
}

// How often a file that is replaced while it is looked for is looked for again.
constexpr int max_attempts = 5;

struct version_of_somebody {
  model_record record;
  std::vector<learned_preference> rows;
};

class recommend_custodian final : public subject::custodian {
 public:
  recommend_custodian(datasets& data, model_registry& models) : data_(data), models_(models) {}

  std::string_view name() const override { return "recommend"; }
  std::vector<holding> describe() const override {
    const std::vector<dataset_table> tables = data_.tables();
    std::vector<holding> all = always_there(all_purposes(tables));
    std::ranges::transform(tables, std::back_inserter(all), of_table);
    return all;
  }

  void collect(core::subject_handle who, const subject::custody_context& with,
               subject::collector& into) const override {
    into.looked_into({store_kind::sql_table, "dataset_event"});
    into.looked_into({store_kind::sql_table, "dataset_event_key"});
    for (const dataset_description& one : data_.list()) {
      if (const auto from = open(one.name)) {
        recommend::collect(*from, who, with, into);
      }
    }
    collect_models(who, with.job, into);
  }

 private:
  // Nothing when it was dropped since it was listed.
  std::optional<dataset> open(const std::string& name) const {
    try {
      return data_.open(name);
    } catch (const core::error& problem) {
      if (problem.code() != core::errc::not_found) {
        throw;
      }
      return std::nullopt;
    }
  }

  // A version's file has another name when somebody was taken out of it meanwhile; a version may be gone.
  std::vector<learned_preference> learned_from(const model_record& listed, core::subject_handle who) const {
    model_record now = listed;
    for (int attempt = 1;; ++attempt) {
      try {
        return models_.learned_from(now, who);
      } catch (const core::error& problem) {
        if (problem.code() != core::errc::not_found || attempt == max_attempts) {
          throw;
        }
        const auto versions = models_.versions(listed.name);
        const auto found = std::ranges::find(versions, listed.version, &model_record::version);
        if (found == versions.end()) {
          return {};
        }
        now = *found;
      }
    }
  }

  void collect_models(core::subject_handle who, core::job& job, subject::collector& into) const {
    std::vector<version_of_somebody> holding_them;
    if (begin_models(into)) {
      for (model_record& one : models_.all()) {
        job.check();
        if (auto rows = learned_from(one, who); !rows.empty()) {
          into.add({one.name, one.version, one.dataset, one.family, one.trained_at, std::int64_t{one.serving},
                    static_cast<std::int64_t>(rows.size())});
          holding_them.push_back({std::move(one), std::move(rows)});
        }
      }
    }
    if (begin_learned(into)) {
      for (const auto& [record, rows] : holding_them) {
        for (const learned_preference& one : rows) {
          into.add({record.name, record.version, one.item, static_cast<double>(one.weight), one.time});
        }
      }
    }
  }

  static bool begin_models(subject::collector& into) {
    using subject::value_type;
    return into.begin({"models",
                       "The models that learned from you",
                       "Every kept version of a recommender that learned from what you did, and from how much of it. "
                       "Only a version that answers is used; older ones are kept in case a new one is bad.",
                       subject::data_origin::inferred,
                       {{store_kind::blob_prefix, "models/"}},
                       {{"recommender", value_type::text, ""},
                        {"version", value_type::integer, ""},
                        {"dataset", value_type::text, "What it learned from"},
                        {"family", value_type::text, "How it learns"},
                        {"trained_at", value_type::moment, ""},
                        {"answers", value_type::yes_no, "Whether it is the version that answers"},
                        {"items", value_type::integer, "With how many items it learned that you did something"}}});
  }

  static bool begin_learned(subject::collector& into) {
    using subject::value_type;
    return into.begin({"learned",
                       "What these models learned of you",
                       "The rows of each model that are about you: an item, how much it counts, and when you last did "
                       "something with it. Recommendations are computed from what you did with these numbers; they are "
                       "not kept.",
                       subject::data_origin::inferred,
                       {{store_kind::blob_prefix, "models/"}},
                       {{"recommender", value_type::text, ""},
                        {"version", value_type::integer, ""},
                        {"item", value_type::text, ""},
                        {"weight", value_type::number, "How much it counts; 1 is plain"},
                        {"last_at", value_type::moment, ""}}});
  }

  datasets& data_;
  model_registry& models_;
};

}  // namespace

std::unique_ptr<subject::custodian> make_custodian(datasets& data, model_registry& models) {
  return std::make_unique<recommend_custodian>(data, models);
}

}  // namespace eunomia::recommend
