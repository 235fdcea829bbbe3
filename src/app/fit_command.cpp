// eunomia recommend fit: a dataset in, a trained model in the registry out.

#include <fmt/format.h>

#include <chrono>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/options.h"
#include "app/text_table.h"
#include "core/error.h"
#include "core/json.h"
#include "core/memory.h"
#include "recommend/family.h"
#include "recommend/selection.h"

namespace eunomia::app {

namespace {

struct fit_flags {
  std::string dataset;
  std::string family = "auto";
  std::string name;
  std::vector<std::string> settings;
  bool plan = false;
};

struct candidate_row {
  std::string family;
  core::json_value parameters;
  std::optional<double> ndcg_at_10;
  std::optional<double> recall_at_20;
  std::optional<double> mrr_at_25;
  std::optional<double> coverage_at_25;
  std::optional<double> train_seconds;
  std::optional<std::string> skipped;
};
BOOST_DESCRIBE_STRUCT(candidate_row, (),
                      (family, parameters, ndcg_at_10, recall_at_20, mrr_at_25, coverage_at_25, train_seconds, skipped))

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
  std::vector<candidate_row> candidates;  // of auto
};
BOOST_DESCRIBE_STRUCT(fit_row, (),
                      (name, dataset, family, parameters, version, people, pairs, bytes, forgets, train_seconds,
                       estimated_training_bytes, estimated_model_bytes, candidates))

std::vector<candidate_row> rows_of(const recommend::selection& choice) {
  std::vector<candidate_row> rows;
  for (const auto& r : choice.results) {
    candidate_row row{r.what.family, core::parse_json(r.what.parameters), {}, {}, {}, {}, {}, {}};
    if (r.skipped.empty()) {
      row.ndcg_at_10 = r.held_out.ndcg_at_10.value;
      row.recall_at_20 = r.held_out.recall_at_20.value;
      row.mrr_at_25 = r.held_out.mrr_at_25.value;
      row.coverage_at_25 = r.held_out.coverage_at_25;
      row.train_seconds = r.train_seconds;
    } else {
      row.skipped = r.skipped;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

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

void fit(const fit_flags& flags, environment& shared) {
  data_directory data(shared);
  const auto dataset = data.datasets().open(flags.dataset);
  const auto purpose = recommendation_purpose();
  const auto events = dataset.load_interactions(purpose, shared.pool(), shared.job());
  const auto features = dataset.load_features(*events.items, purpose, shared.pool(), shared.job());
  const recommend::training_data learn_from{events, features};
  const auto context = shared.context();

  fit_row row;
  row.name = flags.name.empty() ? flags.dataset : flags.name;
  recommend::check_name("model", row.name);
  row.dataset = flags.dataset;
  recommend::candidate what{flags.family, parameters_of(flags.settings)};
  if (flags.family == "auto") {
    if (!flags.settings.empty()) {
      throw core::error(core::errc::invalid_argument, "--set goes with a named --model, not with auto");
    }
    const auto choice = recommend::select_model(learn_from, recommend::default_candidates(), context);
    row.candidates = rows_of(choice);
    what = choice.winner();
    if (!shared.json) {
      shared.print(selection_table(choice) + "\n");
    }
  }
  const recommend::family& family = recommend::family_named(what.family);
  const auto estimate = family.estimate(learn_from, what.parameters, shared.pool().size());
  row.family = what.family;
  row.estimated_training_bytes = estimate.training_bytes;
  row.estimated_model_bytes = estimate.model_bytes;
  say_what_it_needs(row, shared);
  if (flags.plan) {
    if (shared.json) {
      shared.print(core::write_json(row, 2));
    }
    return;
  }
  const auto begin = std::chrono::steady_clock::now();
  const auto trained = family.train(learn_from, what.parameters, context);
  row.train_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const auto record = data.models().add(row.name, flags.dataset, *trained, core::write_json(row.candidates));
  row.parameters = core::parse_json(record.parameters);
  row.version = record.version;
  row.people = record.people;
  row.pairs = record.pairs;
  row.bytes = record.file.size;
  row.forgets = name_of(family.forgets());
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
  command->add_flag("--plan", flags->plan, "Say how much memory it would need, and stop");
  command->callback([flags, &shared] { shared.action = [flags, &shared] { fit(*flags, shared); }; });
}

}  // namespace eunomia::app
