// eunomia recommend fit: a dataset in, a trained model in the registry out.

#include <fmt/format.h>

#include <chrono>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/options.h"
#include "app/remote.h"
#include "app/text_table.h"
#include "core/error.h"
#include "core/json.h"
#include "core/memory.h"
#include "recommend/family.h"
#include "recommend/training.h"

namespace eunomia::app {

namespace {

struct fit_flags {
  std::string dataset;
  std::string family = "auto";
  std::string name;
  std::vector<std::string> settings;
  bool plan = false;
  bool aside = false;
};

struct fit_row {
  std::string name;
  std::string dataset;
  std::string family;
  core::json_value parameters;
  std::int64_t version = 0;
  std::uint64_t people = 0;
  std::uint64_t pairs = 0;
  std::uint64_t bytes = 0;
  std::string forgets;
  double train_seconds = 0;
  std::uint64_t estimated_training_bytes = 0;
  std::uint64_t estimated_model_bytes = 0;
  std::optional<core::json_value> candidates;  // of auto: what was tried
};
BOOST_DESCRIBE_STRUCT(fit_row, (),
                      (name, dataset, family, parameters, version, people, pairs, bytes, forgets, train_seconds,
                       estimated_training_bytes, estimated_model_bytes, candidates))

std::string text_of(const fit_row& row) {
  return fmt::format("{} version {}: {} learned from {} people and {} pairs in {:.2f} s; {} on disk; forgets: {}\n",
                     row.name, row.version, row.family, grouped(row.people), grouped(row.pairs), row.train_seconds,
                     core::human_bytes(row.bytes), row.forgets);
}

void say_what_it_needs(const fit_row& row, environment& shared) {
  if (!shared.json && !shared.quiet) {
    shared.print(fmt::format("{} will need {} to train and {} to serve and forget; the limit is {}\n", row.family,
                             core::human_bytes(row.estimated_training_bytes),
                             core::human_bytes(row.estimated_model_bytes),
                             core::human_bytes(shared.context().memory_limit)));
  }
}

// The recommender of that name learns what the flags say from now on.
void define(data_directory& data, const recommend::recommender_record& wanted) {
  auto& all = data.recommenders();
  for (auto record : all.list()) {
    if (record.name == wanted.name) {
      record.dataset = wanted.dataset;
      record.what = wanted.what;
      record.serve_newest = wanted.serve_newest;
      all.update(record);
      return;
    }
  }
  all.create(wanted);
}

struct recommender_row {
  std::string name;
  std::string dataset;
  std::string family;
  core::json_value parameters;
  bool serve_newest = true;
};
BOOST_DESCRIBE_STRUCT(recommender_row, (), (name, dataset, family, parameters, serve_newest))

struct learning_row {
  std::string family;
  core::json_value parameters;
  bool serve_newest = true;
};
BOOST_DESCRIBE_STRUCT(learning_row, (), (family, parameters, serve_newest))

struct job_row {
  std::int64_t id = 0;
};
BOOST_DESCRIBE_STRUCT(job_row, (), (id))

struct version_row {
  std::int64_t version = 0;
  std::string family;
  core::json_value parameters;
  std::uint64_t people = 0;
  std::uint64_t pairs = 0;
  std::uint64_t bytes = 0;
  std::string forgets;
  std::optional<core::json_value> metrics;
};
BOOST_DESCRIBE_STRUCT(version_row, (), (version, family, parameters, people, pairs, bytes, forgets, metrics))
struct version_rows {
  std::vector<version_row> versions;
};
BOOST_DESCRIBE_STRUCT(version_rows, (), (versions))

// What fit does, by a server.
void fit_remotely(const fit_flags& flags, environment& shared) {
  if (flags.plan) {
    throw core::error(core::errc::invalid_argument, "--plan is for a data directory: a server does not plan");
  }
  remote server(shared);
  const std::string name = flags.name.empty() ? flags.dataset : flags.name;
  const std::string target = "/api/v1/recommenders/" + segment(name);
  const core::json_value parameters = core::parse_json(parameters_of(flags.settings));
  try {
    server.post("/api/v1/recommenders",
                core::write_json(recommender_row{name, flags.dataset, flags.family, parameters, !flags.aside}));
  } catch (const core::error& problem) {
    if (problem.code() != core::errc::already_exists) {
      throw;
    }
    server.patch(target, core::write_json(learning_row{flags.family, parameters, !flags.aside}));
  }
  const auto begin = std::chrono::steady_clock::now();
  server.wait_for_job(server.post<job_row>(target + "/train", {}).id);
  const auto trained = core::read_json<version_rows>(server.get(target + "/versions")).versions.at(0);
  fit_row row;
  row.name = name;
  row.dataset = flags.dataset;
  row.family = trained.family;
  row.parameters = trained.parameters;
  row.version = trained.version;
  row.people = trained.people;
  row.pairs = trained.pairs;
  row.bytes = trained.bytes;
  row.forgets = trained.forgets;
  row.candidates = trained.metrics;
  row.train_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  shared.print(shared.json ? core::write_json(row, 2) : text_of(row));
}

void fit(const fit_flags& flags, environment& shared) {
  if (!shared.server.empty()) {
    fit_remotely(flags, shared);
    return;
  }
  data_directory data(shared);
  recommend::recommender_record wanted;
  wanted.name = flags.name.empty() ? flags.dataset : flags.name;
  recommend::check_name("model", wanted.name);
  wanted.dataset = flags.dataset;
  wanted.what = {flags.family, parameters_of(flags.settings)};
  wanted.serve_newest = !flags.aside;
  const auto context = shared.context();
  const recommend::training_session session(data.datasets().open(flags.dataset), wanted.what, recommendation_purpose(),
                                            context);
  fit_row row;
  row.name = wanted.name;
  row.dataset = flags.dataset;
  if (session.choice()) {
    row.candidates = core::parse_json(recommend::metrics_of(session.choice()));
    if (!shared.json) {
      shared.print(selection_table(*session.choice()) + "\n");
    }
  }
  row.family = session.what().family;
  row.estimated_training_bytes = session.need().training_bytes;
  row.estimated_model_bytes = session.need().model_bytes;
  say_what_it_needs(row, shared);
  if (flags.plan) {
    if (shared.json) {
      shared.print(core::write_json(row, 2));
    }
    return;
  }
  define(data, wanted);
  const auto begin = std::chrono::steady_clock::now();
  const auto record = data.recommenders().train(wanted.name, session, context);
  row.train_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  row.parameters = core::parse_json(record.parameters);
  row.version = record.version;
  row.people = record.people;
  row.pairs = record.pairs;
  row.bytes = record.file.size;
  row.forgets = name_of(recommend::family_named(record.family).forgets());
  shared.print(shared.json ? core::write_json(row, 2) : text_of(row));
}

}  // namespace

void add_fit(CLI::App& recommend, environment& shared) {
  auto flags = std::make_shared<fit_flags>();
  CLI::App* command = recommend.add_subcommand("fit", "Train a recommender on a dataset and keep it");
  command->add_option("--dataset", flags->dataset, "What to learn from")->required();
  command->add_option("--model", flags->family, "A family, or auto: try all on held-out people and keep the best")
      ->capture_default_str();
  command->add_option("--name", flags->name, "What the trained model is called (default: as the dataset)");
  add_set_option(*command, flags->settings);
  command->add_flag("--aside", flags->aside, "Keep it beside the version that serves; see eunomia recommend deploy");
  command->add_flag("--plan", flags->plan, "Say how much memory it would need, and stop");
  command->callback([flags, &shared] { shared.action = [flags, &shared] { fit(*flags, shared); }; });
}

}  // namespace eunomia::app
