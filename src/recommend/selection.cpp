#include "recommend/selection.h"

#include <algorithm>
#include <chrono>

#include "core/error.h"

namespace eunomia::recommend {

namespace {

constexpr std::size_t enough_people = 25;

std::vector<split> folds_of(const interactions& events, const selection_options& options) {
  const std::uint32_t folds = events.size() > options.largest_for_all_folds ? 1 : std::max(1U, options.folds);
  std::vector<split> result;
  for (std::uint32_t fold = 0; fold < folds; ++fold) {
    people_split how;
    how.seed = fold + 1;
    result.push_back(hold_out_people(events, how));
    if (result.back().tests.size() < enough_people) {
      result.clear();
      result.push_back(leave_last_out(events));
      break;
    }
  }
  if (result.front().tests.empty()) {
    throw core::error(core::errc::failed_precondition,
                      "auto: nobody has two different items, so there is nothing to choose a model by; import more "
                      "interactions, or name a family (popularity needs the least)");
  }
  return result;
}

void add(quality& sum, const quality& part, double weight) {
  const auto add_one = [weight](estimate& to, const estimate& from) {
    to.value += weight * from.value;
    to.low += weight * from.low;
    to.high += weight * from.high;
  };
  add_one(sum.ndcg_at_10, part.ndcg_at_10);
  add_one(sum.recall_at_20, part.recall_at_20);
  add_one(sum.mrr_at_25, part.mrr_at_25);
  add_one(sum.precision_at_5, part.precision_at_5);
  add_one(sum.hit_rate_at_20, part.hit_rate_at_20);
  sum.coverage_at_25 += weight * part.coverage_at_25;
  sum.people += part.people;
}

candidate_result judge(const candidate& what, std::span<const split> folds, const side_features& features,
                       const training_context& context) {
  candidate_result result{what, {}, {}, 0};
  const family& kind = family_named(what.family);
  const double share = 1 / static_cast<double>(folds.size());
  try {
    for (const split& fold : folds) {
      const auto begin = std::chrono::steady_clock::now();
      const auto trained = kind.train({fold.train, features}, what.parameters, context);
      result.train_seconds += share * std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      const auto told = histories(fold.tests, weighting_of(*trained));
      add(result.held_out,
          evaluate(*trained->current(), fold.tests, told, distinct_items(fold.train), context,
                   {.bootstrap_samples = 200}),
          share);
    }
  } catch (const core::error& e) {
    if (e.code() != core::errc::resource_exhausted && e.code() != core::errc::failed_precondition) {
      throw;
    }
    result.skipped = e.what();
  }
  return result;
}

}  // namespace

std::vector<candidate> default_candidates() {
  // Beside the defaults, what a time-aware answer gains where the last basket tells more than the ones before, and
  // where tastes or the assortment move: see docs/decisions/0008.
  return {{"popularity"},
          {"trending"},
          {"item-knn"},
          {"item-knn", R"({"history":{"older_weight":0.1}})"},
          {"session-knn"},
          {"ials"},
          {"ials", R"({"history":{"older_weight":0.1}})"},
          {"ease"},
          {"ease", R"({"history":{"older_weight":0.1}})"},
          {"ease", R"({"lambda":300,"weighting":{"half_life_days":180},"history":{"older_weight":0.1}})"}};
}

selection select_model(const training_data& data, std::span<const candidate> candidates,
                       const training_context& context, const selection_options& options) {
  const std::vector<split> folds = folds_of(data.events, options);
  selection result;
  for (const candidate& what : candidates) {
    context.job.check();
    context.job.report("choosing", result.results.size(), candidates.size());
    result.results.push_back(judge(what, folds, data.features, context));
  }
  context.job.report("choosing", candidates.size(), candidates.size());
  const auto value = [](const candidate_result& r) { return r.skipped.empty() ? r.held_out.ndcg_at_10.value : -1; };
  const auto best = std::max_element(result.results.begin(), result.results.end(),
                                     [&](const auto& a, const auto& b) { return value(a) < value(b); });
  if (best == result.results.end() || value(*best) < 0) {
    throw core::error(core::errc::failed_precondition,
                      best == result.results.end()
                          ? "auto: no candidates were given"
                          : "auto: no candidate could be trained; the first one said: " + result.results[0].skipped);
  }
  result.best = static_cast<std::size_t>(best - result.results.begin());
  return result;
}

}  // namespace eunomia::recommend
