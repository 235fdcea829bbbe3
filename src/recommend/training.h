#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/purpose.h"
#include "recommend/dataset.h"
#include "recommend/family.h"
#include "recommend/selection.h"

namespace eunomia::recommend {

// What a dataset gives to learn from, in memory, and what is to be trained on it.
class training_session {
 public:
  // Loads the dataset, and chooses among default_candidates() when what.family is "auto" (its parameters must be empty
  // then, else errc::invalid_argument). Throws as dataset::load_interactions, select_model and family::estimate do.
  training_session(const dataset& from, candidate what, const core::purpose& why, const training_context& context);

  // The family and parameters to be trained: of auto, the best.
  const candidate& what() const { return what_; }
  // Of auto: what was tried.
  const std::optional<selection>& choice() const { return choice_; }
  const memory_estimate& need() const { return need_; }
  // Of the dataset, read or not, before the first row was read.
  std::uint64_t events() const { return events_there_; }
  const core::purpose& purpose() const { return purpose_; }
  // dataset::expiries() before the first row was read.
  std::int64_t expiries() const { return expiries_; }

  std::unique_ptr<model> train(const training_context& context) const;

 private:
  core::purpose purpose_;
  std::int64_t expiries_;
  std::uint64_t events_there_;
  interactions events_;
  side_features features_;
  candidate what_;
  std::optional<selection> choice_;
  memory_estimate need_;
};

// The table of a choice as JSON, as model_record::metrics keeps it: an array of {family, parameters, ndcg_at_10,
// recall_at_20, mrr_at_25, coverage_at_25, train_seconds} or {family, parameters, skipped}; "{}" without a choice.
std::string metrics_of(const std::optional<selection>& choice);

}  // namespace eunomia::recommend
