#include "recommend/training.h"

#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/json.h"

namespace eunomia::recommend {

namespace {

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

candidate_row row_of(const candidate_result& r) {
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
  return row;
}

}  // namespace

training_session::training_session(const dataset& from, candidate what, const core::purpose& why,
                                   const training_context& context)
    : purpose_(why),
      expiries_(from.expiries()),
      events_there_(from.statistics().interactions),
      events_(from.load_interactions(why, context.pool, context.job)),
      features_(from.load_features(*events_.items, why, context.pool, context.job)),
      what_(std::move(what)) {
  if (what_.family == "auto") {
    if (what_.parameters != "{}") {
      throw core::error(core::errc::invalid_argument, "parameters go with a named family, not with auto");
    }
    choice_ = select_model({events_, features_}, default_candidates(), context);
    what_ = choice_->winner();
  }
  need_ = family_named(what_.family).estimate({events_, features_}, what_.parameters, context.pool.size());
}

std::unique_ptr<model> training_session::train(const training_context& context) const {
  return family_named(what_.family).train({events_, features_}, what_.parameters, context);
}

std::string metrics_of(const std::optional<selection>& choice) {
  if (!choice) {
    return "{}";
  }
  std::vector<candidate_row> rows;
  rows.reserve(choice->results.size());
  for (const candidate_result& r : choice->results) {
    rows.push_back(row_of(r));
  }
  return core::write_json(rows);
}

}  // namespace eunomia::recommend
