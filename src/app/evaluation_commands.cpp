// eunomia recommend evaluate and verify-forgetting: a model is trained, judged and dropped again.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "app/commands.h"
#include "app/options.h"
#include "app/text_table.h"
#include "core/error.h"
#include "core/json.h"
#include "recommend/evaluation.h"
#include "recommend/forgetting_check.h"
#include "recommend/import.h"
#include "recommend/selection.h"
#include "recommend/split.h"
#include "subject/directory.h"

namespace eunomia::app {

namespace {

// One object of the output of evaluate --json.
struct evaluation_row {
  std::string model;
  double ndcg_at_10 = 0;
  double recall_at_20 = 0;
  double mrr_at_25 = 0;
  double precision_at_5 = 0;
  double hit_rate_at_20 = 0;
  double coverage_at_25 = 0;
  double train_seconds = 0;
  std::uint32_t people = 0;
  std::array<double, 2> ndcg_at_10_interval{};  // 95 %
  std::array<double, 2> recall_at_20_interval{};
  std::array<double, 2> mrr_at_25_interval{};
  std::array<double, 2> precision_at_5_interval{};
  std::string family;  // what auto chose; the model's name otherwise
  core::json_value parameters;
};
BOOST_DESCRIBE_STRUCT(evaluation_row, (),
                      (model, ndcg_at_10, recall_at_20, mrr_at_25, precision_at_5, hit_rate_at_20, coverage_at_25,
                       train_seconds, people, ndcg_at_10_interval, recall_at_20_interval, mrr_at_25_interval,
                       precision_at_5_interval, family, parameters))

struct evaluate_options {
  test_data_options data;
  std::string model = "all";
  std::vector<std::string> settings;
  std::uint64_t seed = 1;
};

evaluation_row row_of(const std::string& name, const recommend::candidate& what, const recommend::split& data,
                      environment& shared, std::uint64_t seed) {
  const recommend::side_features no_features;
  const auto context = shared.context();
  const auto begin = std::chrono::steady_clock::now();
  const auto trained = recommend::family_named(what.family).train({data.train, no_features}, what.parameters, context);
  evaluation_row row;
  row.train_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const auto told = recommend::histories(data.tests, recommend::weighting_of(*trained));
  const auto q = recommend::evaluate(*trained->current(), data.tests, told, recommend::distinct_items(data.train),
                                     context, {.seed = seed});
  row.model = name;
  row.ndcg_at_10 = q.ndcg_at_10.value;
  row.recall_at_20 = q.recall_at_20.value;
  row.mrr_at_25 = q.mrr_at_25.value;
  row.precision_at_5 = q.precision_at_5.value;
  row.hit_rate_at_20 = q.hit_rate_at_20.value;
  row.coverage_at_25 = q.coverage_at_25;
  row.people = q.people;
  row.ndcg_at_10_interval = {q.ndcg_at_10.low, q.ndcg_at_10.high};
  row.recall_at_20_interval = {q.recall_at_20.low, q.recall_at_20.high};
  row.mrr_at_25_interval = {q.mrr_at_25.low, q.mrr_at_25.high};
  row.precision_at_5_interval = {q.precision_at_5.low, q.precision_at_5.high};
  row.family = what.family;
  row.parameters = core::parse_json(trained->parameters());
  return row;
}

evaluation_row auto_row(const recommend::split& data, environment& shared, std::uint64_t seed, std::string& report) {
  const recommend::side_features no_features;
  const auto begin = std::chrono::steady_clock::now();
  const auto candidates = recommend::default_candidates();
  const auto choice = recommend::select_model({data.train, no_features}, candidates, shared.context());
  const double choosing = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  evaluation_row row = row_of("auto", choice.winner(), data, shared, seed);
  row.train_seconds += choosing;
  report = selection_table(choice);
  return row;
}

std::string table_of(const std::vector<evaluation_row>& rows) {
  text_table table(
      {"model", "nDCG@10", "95 % interval", "recall@20", "MRR@25", "P@5", "hit rate@20", "coverage@25", "train s"});
  for (const evaluation_row& r : rows) {
    table.add({r.model == r.family ? r.model : r.model + " = " + r.family, fixed(r.ndcg_at_10, 4),
               fmt::format("{:.4f} – {:.4f}", r.ndcg_at_10_interval[0], r.ndcg_at_10_interval[1]),
               fixed(r.recall_at_20, 4), fixed(r.mrr_at_25, 4), fixed(r.precision_at_5, 4), fixed(r.hit_rate_at_20, 4),
               fixed(r.coverage_at_25, 3), fixed(r.train_seconds, 2)});
  }
  return table.str();
}

void evaluate(const evaluate_options& options, environment& shared) {
  const recommend::split data = read_test_data(options.data, shared);
  std::vector<std::string> names;
  if (options.model == "all") {
    for (const recommend::family* family : recommend::families()) {
      names.emplace_back(family->name());
    }
    names.emplace_back("auto");
  } else {
    names.push_back(options.model);
  }
  if (names.size() > 1 && !options.settings.empty()) {
    throw core::error(core::errc::invalid_argument, "--set goes with one --model, not with all");
  }
  const std::string parameters = parameters_of(options.settings);
  std::vector<evaluation_row> rows;
  rows.reserve(names.size());
  std::string choice;
  for (const std::string& name : names) {
    rows.push_back(name == "auto" ? auto_row(data, shared, options.seed, choice)
                                  : row_of(name, {name, parameters}, data, shared, options.seed));
  }
  if (shared.json) {
    shared.print(core::write_json(rows, 2));
    return;
  }
  shared.print(fmt::format("{} people train with {} interactions; {} people are tested\n\n{}{}",
                           grouped(people_in(data.train)), grouped(data.train.size()), grouped(data.tests.size()),
                           table_of(rows),
                           choice.empty() ? "" : "\nWhat auto chose from, on held-out people:\n\n" + choice));
}

struct verify_options {
  test_data_options data;
  std::string model = "ease";
  std::vector<std::string> settings;
  std::uint32_t erasures = 100;
  std::uint64_t seed = 1;
};

void verify_forgetting(const verify_options& options, environment& shared) {
  const recommend::split data = read_test_data(options.data, shared);
  recommend::candidate what{options.model, parameters_of(options.settings)};
  if (options.model == "auto") {
    const recommend::side_features no_features;
    what =
        recommend::select_model({data.train, no_features}, recommend::default_candidates(), shared.context()).winner();
  }
  const auto check = recommend::check_forgetting(data, recommend::family_named(what.family), what.parameters,
                                                 options.erasures, options.seed, shared.context());
  if (shared.json) {
    shared.print(core::write_json(check, 2));
    return;
  }
  text_table table({"", ""});
  table.add({"model", check.model});
  table.add({"erasures, one after another", grouped(check.erasures)});
  table.add({"identical ordered top 25", fmt::format("{} of {}", check.identical_top_25, check.users_compared)});
  table.add({"overlap of the top 25", fixed(check.mean_overlap_at_25, 4)});
  table.add({"largest relative difference of a score", fmt::format("{:.2e}", check.max_relative_difference)});
  table.add({"relative difference of all scores", fmt::format("{:.2e}", check.relative_difference)});
  table.add({"forgetting, ms p50", fixed(check.forget_ms_p50, 2)});
  table.add({"forgetting, ms p99", fixed(check.forget_ms_p99, 2)});
  table.add({"retraining, s", fixed(check.retrain_seconds, 2)});
  table.add({"level", check.level});
  table.add({"re-deriving, s", fixed(check.rederive_seconds, 2)});
  table.add({"then bit-identical with the retrain", check.identical_after_rederiving ? "yes" : "no"});
  shared.print(table.str());
}

void add_test_data(CLI::App& command, test_data_options& data) {
  command.add_option("--train", data.train, "Interactions to learn from: CSV, gzip or Parquet; may be repeated")
      ->required();
  command.add_option("--fold-in", data.fold_in, "What the model is told of the people tested")->required();
  add_column_option(command, data.columns);
}

}  // namespace

void add_evaluate(CLI::App& recommend, environment& shared) {
  auto options = std::make_shared<evaluate_options>();
  CLI::App* command = recommend.add_subcommand("evaluate", "Train and judge recommenders on given files");
  add_test_data(*command, options->data);
  command->add_option("--targets", options->data.targets, "What they did next, which the model is to guess")
      ->required();
  command->add_option("--model", options->model, "A family, auto, or all")->capture_default_str();
  add_set_option(*command, options->settings);
  command->add_option("--seed", options->seed, "Of the bootstrap")->capture_default_str();
  command->callback([options, &shared] { shared.action = [options, &shared] { evaluate(*options, shared); }; });
}

void add_verify_forgetting(CLI::App& recommend, environment& shared) {
  auto options = std::make_shared<verify_options>();
  CLI::App* command = recommend.add_subcommand("verify-forgetting",
                                               "Forget people one by one and compare with a model that never saw them");
  add_test_data(*command, options->data);
  command->add_option("--model", options->model, "A family, or auto")->capture_default_str();
  add_set_option(*command, options->settings);
  command->add_option("--erasures", options->erasures, "How many people to forget")->capture_default_str();
  command->add_option("--seed", options->seed, "Of the draw of people")->capture_default_str();
  command->callback(
      [options, &shared] { shared.action = [options, &shared] { verify_forgetting(*options, shared); }; });
}

}  // namespace eunomia::app
