// Recommenders: what they learn from, their versions, training and serving.
#include "core/time.h"
#include "recommend/family.h"
#include "wire/api/api.h"
#include "wire/api/jobs.h"
#include "wire/api/values.h"

namespace eunomia::wire::api {

namespace {

using http::method;
using http::role;

struct retraining_view {
  double every_hours = 0;
  std::uint64_t after_events = 0;
};
BOOST_DESCRIBE_STRUCT(retraining_view, (), (every_hours, after_events))
core::json_notes notes_of(const retraining_view*) {
  return {{"every_hours", {.text = "0: never for its age", .least = 0, .most = 8784}},
          {"after_events", {.text = "0: never for the number of new interactions"}}};
}

struct training_failure {
  std::string at;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(training_failure, (), (at, message))

struct version_view {
  std::int64_t version = 0;
  bool serving = false;
  std::string family;
  core::json_value parameters;
  std::string trained_at;
  std::uint64_t events = 0;
  std::uint64_t people = 0;
  std::uint64_t pairs = 0;
  std::uint64_t bytes = 0;
  bool exact = true;
  std::string forgets;
  std::optional<core::json_value> metrics;  // of auto: what was tried
};
BOOST_DESCRIBE_STRUCT(version_view, (),
                      (version, serving, family, parameters, trained_at, events, people, pairs, bytes, exact, forgets,
                       metrics))

struct recommender_view {
  std::string name;
  std::string dataset;
  std::string family;
  core::json_value parameters;
  retraining_view retraining;
  std::uint32_t keep_versions = 2;
  bool serve_newest = true;
  std::string created_at;
  std::optional<version_view> serving;
  std::optional<training_failure> failure;
};
BOOST_DESCRIBE_STRUCT(recommender_view, (),
                      (name, dataset, family, parameters, retraining, keep_versions, serve_newest, created_at, serving,
                       failure))

struct recommender_list {
  std::vector<recommender_view> recommenders;
};
BOOST_DESCRIBE_STRUCT(recommender_list, (), (recommenders))

struct version_list {
  std::vector<version_view> versions;
};
BOOST_DESCRIBE_STRUCT(version_list, (), (versions))

struct new_recommender {
  std::string name;
  std::string dataset;
  std::string family = "auto";
  std::optional<core::json_value> parameters;
  retraining_view retraining;
  std::uint32_t keep_versions = 2;
  bool serve_newest = true;
};
BOOST_DESCRIBE_STRUCT(new_recommender, (), (name, dataset, family, parameters, retraining, keep_versions, serve_newest))

constexpr std::string_view keep_versions_text = "Beside those that serve or are deployed";
constexpr std::string_view serve_newest_text = "false: a newly trained version waits until it is served or deployed";
constexpr std::string_view family_text = "auto, popularity, trending, item-knn, session-knn, ease or ials";
core::json_notes notes_of(const new_recommender*) {
  return {{"name", {.text = "1 to 64 of a-z, 0-9, - and _", .longest = 64, .shortest = 1}},
          {"dataset", {.text = "What it learns from", .shortest = 1}},
          {"family", {.text = family_text}},
          {"parameters", {.text = "An object of the family's own parameters"}},
          {"keep_versions", {.text = keep_versions_text, .least = 1, .most = recommend::max_kept_versions}},
          {"serve_newest", {.text = serve_newest_text}}};
}

struct changed_recommender {
  std::optional<std::string> family;
  std::optional<core::json_value> parameters;
  std::optional<retraining_view> retraining;
  std::optional<std::uint32_t> keep_versions;
  std::optional<bool> serve_newest;
};
BOOST_DESCRIBE_STRUCT(changed_recommender, (), (family, parameters, retraining, keep_versions, serve_newest))
core::json_notes notes_of(const changed_recommender*) {
  return {{"family", {.text = family_text}},
          {"keep_versions", {.text = keep_versions_text, .least = 1, .most = recommend::max_kept_versions}},
          {"serve_newest", {.text = serve_newest_text}}};
}

struct served_version {
  std::int64_t version = 0;
};
BOOST_DESCRIBE_STRUCT(served_version, (), (version))
core::json_notes notes_of(const served_version*) {
  return {{"version", {.text = "One of the versions kept", .least = 1}}};
}

struct deployment_view {
  std::string name;
  std::int64_t version = 0;
  std::string created_at;
  std::string updated_at;
};
BOOST_DESCRIBE_STRUCT(deployment_view, (), (name, version, created_at, updated_at))

struct deployment_list {
  std::vector<deployment_view> deployments;
};
BOOST_DESCRIBE_STRUCT(deployment_list, (), (deployments))

deployment_view view_of(const recommend::deployment_record& record) {
  return {record.name, record.version, core::format_iso8601(record.created_at),
          core::format_iso8601(record.updated_at)};
}

version_view view_of(const recommend::model_record& record) {
  version_view view{record.version,
                    record.serving,
                    record.family,
                    core::parse_json(record.parameters),
                    core::format_iso8601(record.trained_at),
                    record.events,
                    record.people,
                    record.pairs,
                    record.file.size,
                    record.exact,
                    std::string(name_of(recommend::family_named(record.family).forgets())),
                    std::nullopt};
  if (record.metrics != "{}") {
    view.metrics = core::parse_json(record.metrics);
  }
  return view;
}

recommender_view view_of(const recommend::recommender_record& record, recommend::recommenders& all) {
  recommender_view view{record.name,
                        record.dataset,
                        record.what.family,
                        core::parse_json(record.what.parameters),
                        {record.when.every_hours, record.when.after_events},
                        record.keep_versions,
                        record.serve_newest,
                        core::format_iso8601(record.created_at),
                        std::nullopt,
                        std::nullopt};
  for (const auto& version : all.versions(record.name)) {
    if (version.serving) {
      view.serving = view_of(version);
    }
  }
  if (record.failed_at != 0) {
    view.failure = training_failure{core::format_iso8601(record.failed_at), record.failure};
  }
  return view;
}

recommend::recommender_record record_of(const new_recommender& wanted) {
  recommend::recommender_record record;
  record.name = wanted.name;
  record.dataset = wanted.dataset;
  record.what = {wanted.family, wanted.parameters ? core::write_json(*wanted.parameters) : "{}"};
  record.when = {wanted.retraining.every_hours, wanted.retraining.after_events};
  record.keep_versions = wanted.keep_versions;
  record.serve_newest = wanted.serve_newest;
  return record;
}

recommend::recommender_record with_changes(recommend::recommender_record record, const changed_recommender& wanted) {
  if (wanted.family && *wanted.family != record.what.family) {
    record.what = {*wanted.family, "{}"};
  }
  if (wanted.parameters) {
    record.what.parameters = core::write_json(*wanted.parameters);
  }
  if (wanted.retraining) {
    record.when = {wanted.retraining->every_hours, wanted.retraining->after_events};
  }
  record.keep_versions = wanted.keep_versions.value_or(record.keep_versions);
  record.serve_newest = wanted.serve_newest.value_or(record.serve_newest);
  return record;
}

// Versions that answer beside the one that serves.
void add_deployments(route_table& table, const services& to) {
  const auto who = http::access::roles(role::engineer);
  const std::string all_of = "/api/v1/recommenders/{recommender}/deployments";
  const std::string one_of = all_of + "/{deployment}";
  table.query<nothing, deployment_list>(
      {method::get, all_of, who, "recommenders", "Versions that answer under names of their own"},
      [to](const nothing&, const http::request& in) {
        deployment_list list;
        for (const auto& record : to.recommenders.deployments(in.path_parameter("recommender"))) {
          list.deployments.push_back(view_of(record));
        }
        return list;
      });
  table.query<nothing, deployment_view>(
      {method::get, one_of, who, "recommenders", "Which version answers under the name"},
      [to](const nothing&, const http::request& in) {
        return view_of(to.recommenders.deployment(in.path_parameter("recommender"), in.path_parameter("deployment")));
      });
  table.body<served_version, deployment_view>(
      {method::put, one_of, who, "recommenders",
       "A version answers under the name from now on, beside the one that serves"},
      [to](const served_version& wanted, const http::request& in) {
        core::job quiet;
        auto made = to.recommenders.deploy(in.path_parameter("recommender"), in.path_parameter("deployment"),
                                           wanted.version, {to.forget_pool, quiet});
        to.answering.drop_replaced();
        return view_of(made);
      });
  table.query<nothing, nothing>(
      {method::delete_, one_of, who, "recommenders", "Nothing answers under the name any more"},
      [to](const nothing&, const http::request& in) {
        to.recommenders.withdraw(in.path_parameter("recommender"), in.path_parameter("deployment"));
        to.answering.drop_replaced();
        return nothing{};
      });
}

}  // namespace

void add_recommenders(route_table& table, const services& to) {
  const auto who = http::access::roles(role::engineer);
  recommend::recommenders& all = to.recommenders;
  recommend::background& background = to.background;
  table.query<nothing, recommender_list>({method::get, "/api/v1/recommenders", who, "recommenders", "All recommenders"},
                                         [&all](const nothing&, const http::request&) {
                                           recommender_list list;
                                           for (const auto& record : all.list()) {
                                             list.recommenders.push_back(view_of(record, all));
                                           }
                                           return list;
                                         });
  table.body<new_recommender, recommender_view>(
      {method::post, "/api/v1/recommenders", who, "recommenders", "A new recommender; train it next", 201},
      [&all](const new_recommender& wanted, const http::request&) {
        return view_of(all.create(record_of(wanted)), all);
      });
  table.query<nothing, recommender_view>(
      {method::get, "/api/v1/recommenders/{recommender}", who, "recommenders", "One recommender"},
      [&all](const nothing&, const http::request& in) {
        return view_of(all.find(in.path_parameter("recommender")), all);
      });
  table.body<changed_recommender, recommender_view>(
      {method::patch, "/api/v1/recommenders/{recommender}", who, "recommenders",
       "Change what the next training learns, or when it is"},
      [&all](const changed_recommender& wanted, const http::request& in) {
        return view_of(all.update(with_changes(all.find(in.path_parameter("recommender")), wanted)), all);
      });
  table.query<nothing, nothing>(
      {method::delete_, "/api/v1/recommenders/{recommender}", who, "recommenders", "Remove it with all its versions"},
      [to](const nothing&, const http::request& in) {
        to.recommenders.remove(in.path_parameter("recommender"));
        to.answering.drop_replaced();
        return nothing{};
      });
  table.query<nothing, job_view>({method::post, "/api/v1/recommenders/{recommender}/train", who, "recommenders",
                                  "Train the next version; it serves from when it is done, where the newest does", 202},
                                 [&background](const nothing&, const http::request& in) {
                                   return view_of(background.train(in.path_parameter("recommender")));
                                 });
  table.query<nothing, version_list>(
      {method::get, "/api/v1/recommenders/{recommender}/versions", who, "recommenders", "Versions kept, newest first"},
      [&all](const nothing&, const http::request& in) {
        version_list list;
        for (const auto& record : all.versions(all.find(in.path_parameter("recommender")).name)) {
          list.versions.push_back(view_of(record));
        }
        return list;
      });
  core::thread_pool& pool = to.forget_pool;
  table.body<served_version, version_view>(
      {method::post, "/api/v1/recommenders/{recommender}/serve", who, "recommenders",
       "Another version serves from now on"},
      [&all, &pool](const served_version& wanted, const http::request& in) {
        core::job quiet;
        return view_of(all.serve(in.path_parameter("recommender"), wanted.version, {pool, quiet}));
      });
  add_deployments(table, to);
}

}  // namespace eunomia::wire::api
