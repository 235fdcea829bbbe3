#include "recommend/custodian.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <span>
#include <tuple>

#include "core/error.h"
#include "core/log.h"
#include "core/subject_handles.h"
#include "core/time.h"
#include "recommend/custody_steps.h"
#include "recommend/dataset_collection.h"
#include "recommend/held_back.h"
#include "recommend/model_collection.h"
#include "subject/retention/rules.h"

namespace eunomia::recommend {

namespace {

using subject::data_about;
using subject::holding;
using subject::store_kind;

constexpr std::string_view until_dropped = "until the dataset is dropped";
constexpr std::string_view versions_kept =
    "as many versions as the recommender keeps, and those that serve or are deployed";

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

std::string columns_of(const std::vector<metadata_column>& columns, std::string_view how = "") {
  std::string text;
  for (const metadata_column& column : columns) {
    text += (text.empty() ? "" : ", ") + column.name;
  }
  return text.empty() ? "no further columns" : fmt::format("further columns{}: {}", how, text);
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

std::string kept_for(const dataset_table& table) {
  if (!table.days_kept) {
    return std::string(until_dropped);
  }
  return fmt::format("{} days after {}; then the next retention takes them out", *table.days_kept,
                     table.kind == data_kind::users
                         ? "they were imported, and until nothing that the person did is kept"
                         : "their time");
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
  return {
      store_kind::table,
      table.name,
      data_about::data_subjects,
      fmt::format("{} of dataset \"{}\", under handles; {}.",
                  profiles ? "Profiles of people" : "What people did: item, time, type, value, impression",
                  table.dataset, columns_of(table.columns, profiles ? ", sealed with the key of each person" : "")),
      {profiles ? "profiles" : "interactions"},
      names_of(table.purposes),
      kept_for(table),
      profiles
          ? "their bucket is rewritten without their rows, and the old files are unlinked; copies elsewhere open for "
            "nobody once their key and its epoch are destroyed"
          : "their bucket is rewritten without their rows, and the old files are unlinked"};
}

std::vector<holding> always_there(const std::vector<std::string>& purposes) {
  return {
      about_nobody("dataset", "The names of datasets."),
      about_nobody("dataset_column", "The names and types of their columns."),
      about_nobody("dataset_item", "The identifiers of items; they stay when the only person who had one is erased."),
      about_nobody("dataset_import", "A digest of each file that was imported, and the number of its rows."),
      about_nobody("dataset_purpose", "What each dataset may be used for, and by which decision."),
      about_nobody("dataset_disclosure", "Whom rows about people were exported to, for what and when."),
      about_nobody("dataset_settled", "How far events were moved to their table."),
      about_nobody("dataset_expiry", "How often rows left a dataset because they were past their time."),
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
                   "The versions of trained models that are kept: parameters, metrics, file.", versions_kept),
      about_nobody("recommend_model_disclosure",
                   "Whom trained models were handed, without rows of people, for what and when.",
                   "as long as the database"),
      about_nobody("recommender_deployment", "Which version of a recommender answers under which name.",
                   "until it is withdrawn"),
      {store_kind::blob_prefix,
       "models/",
       data_about::data_subjects,
       "Trained models: the rows that they learned from, under handles, and what was learned.",
       {"interactions", "profiles"},
       purposes,
       std::string(versions_kept),
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

using subject::amount_held;
using subject::certificate_step;
using subject::erasure_level;
using people_view = std::span<const core::subject_handle>;

// Calls body for as many people as a table takes at once.
template <class Body>
void in_runs(people_view people, Body body) {
  for (std::size_t first = 0; first < people.size(); first += store::table::max_named_rows) {
    body(people.subspan(first, std::min(store::table::max_named_rows, people.size() - first)));
  }
}

// Does several things, each also when one before could not be done; then throws why.
class attempts {
 public:
  explicit attempts(core::job& job) : job_(job) {}

  // Throws errc::cancelled only. kind and name say in the log what it was.
  template <class Action>
  void operator()(std::string_view kind, std::string_view name, const Action& action) {
    job_.check();
    try {
      action();
    } catch (const core::error& problem) {
      if (problem.code() == core::errc::cancelled) {
        throw;
      }
      core::log::error("personal data stay for this", {{kind, name}, {"why", problem.kept_message()}});
      obstacle_ = std::current_exception();
    }
  }

  void rethrow() const {
    if (obstacle_) {
      std::rethrow_exception(obstacle_);
    }
  }

 private:
  core::job& job_;
  std::exception_ptr obstacle_;
};

class recommend_custodian final : public subject::custodian {
 public:
  recommend_custodian(datasets& data, model_registry& models, recommenders& all, const custodian_options& with)
      : data_(data), models_(models), all_(all), with_(with) {}

  std::string_view name() const override { return "recommend"; }
  std::vector<holding> describe() const override {
    const std::vector<dataset_table> tables = data_.tables();
    std::vector<holding> places = always_there(all_purposes(tables));
    std::ranges::transform(tables, std::back_inserter(places), of_table);
    return places;
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
    recommend::collect(models_, who, with.job, into);
  }

  std::unique_ptr<subject::erasure_guard> hold_back(people_view people) override {
    return std::make_unique<held_back>(data_, all_, people);
  }

  std::vector<certificate_step> leave_memory(people_view people, const subject::custody_context& with) override {
    std::vector<certificate_step> steps;
    for (const forgotten_model& lost : all_.forget_in_memory(people, context(with))) {
      steps.push_back(step_of(lost, "memory", with_.rederived_within));
    }
    return steps;
  }

  std::vector<amount_held> find(people_view people, const subject::custody_context& with) const override {
    std::vector<amount_held> found;
    for (const forgotten_model& version : all_.holding(people, context(with))) {
      found.push_back({what_of(version), std::string(store_of_models), version.people});
    }
    for (const auto& description : data_.list()) {
      rows_of_people rows;
      in_runs(people,
              [&](people_view some) { rows += data_.open(description.name).count_rows(some, with.pool, with.job); });
      for (const auto& [what, store, count] : places_of(description, rows)) {
        if (count > 0) {
          found.push_back({what, std::string(store), count});
        }
      }
    }
    return found;
  }

  void erase(people_view people, const subject::custody_context& with, std::vector<certificate_step>& steps) override {
    attempts attempt(with.job);
    attempt("models", "all", [&] { erase_from_models(people, with, steps); });
    for (const auto& description : data_.list()) {
      attempt("dataset", description.name, [&] { erase_from(description, people, with, steps); });
    }
    // What a backup is still copying.
    attempt("files", "removed", [&] { models_.wait_for_removed(with.job); });
    attempt.rethrow();
  }

  void expire(const subject::retention_rules& rules, const subject::custody_context& with,
              std::vector<certificate_step>& steps) override {
    attempts attempt(with.job);
    for (const auto& description : data_.list()) {
      if (const auto before = rules.oldest_kept(description.purposes)) {
        attempt("dataset", description.name, [&] { expire(description, *before, rules.restricted(), with, steps); });
      }
    }
    // Also those that a run before this left behind.
    attempt("models", "all", [&] { expire_models(with, steps); });
    attempt("files", "removed", [&] { models_.wait_for_removed(with.job); });
    attempt.rethrow();
  }

  void leave_out_held(std::vector<core::subject_handle>& people, const subject::custody_context& with) const override {
    // What waits first: it may be settled meanwhile, and is in the table then.
    core::leave_out(people, data_.people_with_waiting_events());
    for (const auto& description : data_.list()) {
      if (const auto from = open(description.name); from && !people.empty()) {
        core::leave_out(people, from->people(with.pool, with.job));
      }
    }
  }

  std::vector<std::string> names_of_others(std::span<const std::string> identifiers) const override {
    return data_.item_ids_among(identifiers);
  }

  std::vector<std::string> recipients_of(std::string_view what) const override {
    for (const auto& description : data_.list()) {
      for (const data_kind kind : {data_kind::interactions, data_kind::users}) {
        if (what == what_of(rows_of(kind), description)) {
          const auto from = open(description.name);
          return from ? recommend::recipients_of(*from, kind) : std::vector<std::string>();
        }
      }
    }
    // A version that was handed out before may have been another than the one that forgets now.
    for (const model_record& one : models_.all()) {
      if (what == what_of_version(one.name, one.version, one.family)) {
        return recipients_of_models(models_.disclosures(one.name), one.name);
      }
    }
    return {};
  }

  std::optional<certificate_step> settled(const certificate_step& pending,
                                          const subject::custody_context& with) const override {
    const auto versions = models_.all();
    const auto version = std::ranges::find_if(versions, [&](const model_record& one) {
      return pending.what == what_of_version(one.name, one.version, one.family);
    });
    if (version == versions.end()) {
      // What a backup is still copying.
      models_.wait_for_removed(with.job);
      return removed(pending);
    }
    return version->exact ? std::optional(rederived(pending)) : std::nullopt;
  }

  void erased(people_view people) noexcept override { all_.leaving().expect_no_more(people); }

 private:
  struct place {
    std::string what;
    std::string_view store;
    std::uint64_t count;
  };

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

  training_context context(const subject::custody_context& with) const {
    return {with.pool, with.job, with_.memory_limit};
  }

  std::string_view database() const { return with_.speaks == store::sql::engine::sqlite ? "sqlite" : "postgresql"; }

  std::vector<place> places_of(const dataset_description& of, const rows_of_people& rows) const {
    return {{what_of("interactions", of), store_of_tables, rows.interactions},
            {what_of("profiles", of), store_of_tables, rows.profiles},
            {what_of("waiting events", of), database(), rows.waiting},
            {what_of("ids of events", of), database(), rows.event_ids}};
  }

  void erase_from(const dataset_description& of, people_view people, const subject::custody_context& with,
                  std::vector<certificate_step>& steps) {
    const auto begin = std::chrono::steady_clock::now();
    auto from = data_.open(of.name);
    rows_of_people rows;
    in_runs(people, [&](people_view some) { rows += from.erase_subjects(some, with.pool, with.job); });
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
    for (const auto& [what, store, count] : places_of(of, rows)) {
      const bool in_files = store == store_of_tables;
      const bool physically = in_files || with_.speaks == store::sql::engine::sqlite;
      steps.push_back({"",
                       what,
                       std::string(store),
                       physically ? erasure_level::physically_erased : erasure_level::logically_deleted,
                       count,
                       in_files ? "buckets rewritten without them, the old files unlinked" : "rows deleted",
                       {},
                       {},
                       static_cast<std::uint64_t>(took.count())});
    }
  }

  void expire(const dataset_description& of, std::int64_t before, people_view spared,
              const subject::custody_context& with, std::vector<certificate_step>& steps) {
    const auto begin = std::chrono::steady_clock::now();
    const expired_rows gone = data_.open(of.name).expire(before, spared, with.pool, with.job);
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
    const std::string older = core::format_iso8601(before);
    for (const auto& [what, count, details] :
         {std::tuple("interactions", gone.interactions, "of a time before {}; buckets rewritten, old files unlinked"),
          std::tuple("profiles", gone.profiles,
                     "imported before {}, of people who did nothing since; buckets rewritten, old files unlinked")}) {
      if (count > 0) {
        steps.push_back({"",
                         what_of(what, of),
                         std::string(store_of_tables),
                         erasure_level::physically_erased,
                         count,
                         fmt::format(fmt::runtime(details), older),
                         {},
                         {},
                         static_cast<std::uint64_t>(took.count())});
      }
    }
  }

  void expire_models(const subject::custody_context& with, std::vector<certificate_step>& steps) {
    std::vector<expired_model> done;
    const auto tell = [&] {
      for (const expired_model& version : done) {
        const bool renewed = version.retrained != 0;
        steps.push_back({"",
                         what_of_version(version.name, version.version, version.family),
                         std::string(store_of_models),
                         renewed ? erasure_level::model_retrained : erasure_level::physically_erased,
                         1,
                         renewed ? fmt::format("version {} answers instead", version.retrained)
                                 : "removed: nothing answered from it, or nothing is left to learn from",
                         {},
                         {},
                         static_cast<std::uint64_t>(version.milliseconds)});
      }
    };
    try {
      all_.renew_expired(with_.why, context(with), done);
    } catch (...) {
      tell();
      throw;
    }
    tell();
  }

  void erase_from_models(people_view people, const subject::custody_context& with,
                         std::vector<certificate_step>& steps) {
    std::vector<forgotten_model> lost = all_.forget_on_disk(people, context(with));
    if (!with_.rederived_within) {
      all_.rederive(context(with));
      for (forgotten_model& version : lost) {
        version.level = forgetting_level::exact;
      }
    }
    for (const forgotten_model& version : lost) {
      steps.push_back(step_of(version, store_of_models, with_.rederived_within));
    }
  }

  datasets& data_;
  model_registry& models_;
  recommenders& all_;
  const custodian_options with_;
};

}  // namespace

std::unique_ptr<subject::custodian> make_custodian(datasets& data, model_registry& models, recommenders& all,
                                                   const custodian_options& with) {
  return std::make_unique<recommend_custodian>(data, models, all, with);
}

}  // namespace eunomia::recommend
