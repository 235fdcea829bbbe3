// What a family's defaults are chosen by: settings compared on people held out of one file of interactions, so that the
// choice never sees a test set.
//
//   parameter_study FILE FAMILY [--axis NAME=V,V,…]… [--over NAME=V,V,…] [--folds N] [--best N] [--threads N]
//
// Every combination of the axes' values is trained on `folds` draws of people (hold_out_people with seeds 1, 2, …) and,
// for each, once with every value of `over` (the seed of a start, which is not to be chosen). Prints a table, the best
// nDCG@10 first: the mean over all of these, its difference to the family's defaults with the standard error over the
// draws, and the seconds of a training. docs/decisions/0009 has the calls that made the defaults of iALS.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include "core/thread_pool.h"
#include "recommend/evaluation.h"
#include "recommend/family.h"
#include "recommend/import.h"
#include "recommend/split.h"
#include "subject/directory.h"

using namespace eunomia;  // a program of one file

namespace {

// A parameter and values to try, in JSON.
struct axis {
  std::string name;
  std::vector<std::string> values;
};

axis parse_axis(const std::string& text) {
  const std::size_t equals = text.find('=');
  axis result{text.substr(0, equals), {}};
  for (std::size_t begin = equals; begin != std::string::npos;) {
    const std::size_t end = text.find(',', begin + 1);
    result.values.push_back(text.substr(begin + 1, end == std::string::npos ? end : end - begin - 1));
    begin = end;
  }
  if (result.name.empty() || result.values.empty()) {
    throw core::error(core::errc::invalid_argument, "\"" + text + "\" is not NAME=VALUE,VALUE,…");
  }
  return result;
}

// Members of a JSON object; none: the defaults.
using setting = std::vector<std::string>;

std::vector<setting> combinations(const std::vector<axis>& axes) {
  std::vector<setting> result = {{}};
  for (const axis& a : axes) {
    std::vector<setting> longer;
    for (const setting& members : result) {
      for (const std::string& value : a.values) {
        longer.push_back(members);
        longer.back().push_back(fmt::format("\"{}\":{}", a.name, value));
      }
    }
    result = std::move(longer);
  }
  return result;
}

struct outcome {
  setting what;
  std::vector<double> ndcg;  // of each fold
  double recall = 0;         // @20, the mean
  double train_seconds = 0;  // the mean
  double mean() const {
    double sum = 0;
    for (const double value : ndcg) {
      sum += value;
    }
    return sum / static_cast<double>(ndcg.size());
  }
};

outcome judge(const recommend::family& family, const setting& what, const std::vector<setting>& over,
              const std::vector<recommend::split>& folds, const recommend::training_context& context) {
  outcome result{what, {}, 0, 0};
  const recommend::side_features none;
  const double share = 1 / static_cast<double>(folds.size() * over.size());
  for (const recommend::split& fold : folds) {
    double ndcg = 0;
    for (const setting& more : over) {
      setting members = what;
      members.insert(members.end(), more.begin(), more.end());
      const std::string parameters = fmt::format("{{{}}}", fmt::join(members, ","));
      const auto begin = std::chrono::steady_clock::now();
      const auto trained = family.train({fold.train, none}, parameters, context);
      result.train_seconds += share * std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      const auto told = recommend::histories(fold.tests, recommend::weighting_of(*trained));
      const auto quality =
          recommend::evaluate(*trained->current(), fold.tests, told, recommend::distinct_items(fold.train), context,
                              {.bootstrap_samples = 1});
      ndcg += quality.ndcg_at_10.value / static_cast<double>(over.size());
      result.recall += share * quality.recall_at_20.value;
    }
    result.ndcg.push_back(ndcg);
  }
  return result;
}

// The standard error of the mean difference between two settings over the same folds.
double standard_error(const outcome& a, const outcome& b) {
  const auto n = static_cast<double>(a.ndcg.size());
  const double mean = a.mean() - b.mean();
  double squares = 0;
  for (std::size_t fold = 0; fold < a.ndcg.size(); ++fold) {
    squares += std::pow(a.ndcg[fold] - b.ndcg[fold] - mean, 2);
  }
  return n < 2 ? 0 : std::sqrt(squares / (n * (n - 1)));
}

void print(const std::vector<outcome>& outcomes, const outcome& defaults) {
  fmt::print("nDCG@10  to defaults        recall@20  train s  setting\n");
  for (const outcome& o : outcomes) {
    fmt::print("{:.4f}   {:+.4f} ± {:.4f}   {:.4f}     {:7.3f}  {}\n", o.mean(), o.mean() - defaults.mean(),
               standard_error(o, defaults), o.recall, o.train_seconds,
               o.what.empty() ? "the defaults" : fmt::format("{}", fmt::join(o.what, " ")));
  }
}

int run(int argc, char** argv) {
  std::string file;
  std::string family_name;
  std::vector<std::string> axes_text;
  std::string over_text;
  std::uint32_t folds = 4;
  std::size_t best = SIZE_MAX;
  unsigned threads = 0;
  CLI::App app("compares settings of a family on held-out people");
  app.add_option("file", file)->required();
  app.add_option("family", family_name)->required();
  app.add_option("--axis", axes_text);
  app.add_option("--over", over_text);
  app.add_option("--folds", folds)->check(CLI::Range(1, 1000));
  app.add_option("--best", best, "how many of the best are printed");
  app.add_option("--threads", threads);
  CLI11_PARSE(app, argc, argv);

  std::vector<axis> axes;
  std::transform(axes_text.begin(), axes_text.end(), std::back_inserter(axes), parse_axis);
  const auto over = over_text.empty() ? std::vector<setting>{{}} : combinations({parse_axis(over_text)});
  const recommend::family& family = recommend::family_named(family_name);
  core::thread_pool pool(threads);
  core::job job;
  const auto people = subject::make_memory_directory();
  const std::filesystem::path path = file;
  const auto events = recommend::read_interactions({&path, 1}, *people, {}, job);
  std::vector<recommend::split> splits;
  std::size_t tested = 0;
  for (std::uint32_t fold = 0; fold < folds; ++fold) {
    recommend::people_split how;
    how.seed = fold + 1;
    splits.push_back(recommend::hold_out_people(events, how));
    tested += splits.back().tests.size();
  }
  fmt::print("{} interactions; {} draws, {} people judged in all\n", events.size(), folds, tested);

  const outcome defaults = judge(family, {}, over, splits, {pool, job});
  std::vector<outcome> outcomes;
  if (axes.empty()) {
    outcomes.push_back(defaults);
  }
  for (const setting& what : axes.empty() ? std::vector<setting>{} : combinations(axes)) {
    outcomes.push_back(judge(family, what, over, splits, {pool, job}));
  }
  std::stable_sort(outcomes.begin(), outcomes.end(),
                   [](const outcome& a, const outcome& b) { return a.mean() > b.mean(); });
  outcomes.resize(std::min(outcomes.size(), best));
  if (!axes.empty()) {
    outcomes.push_back(defaults);
  }
  print(outcomes, defaults);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& problem) {
    fmt::print(stderr, "{}\n", problem.what());
    return 1;
  }
}
