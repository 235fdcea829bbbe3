#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "recommend/evaluation.h"
#include "recommend/family.h"

namespace eunomia::recommend {

// A family with parameters (JSON, may be "{}") that might suit a data set.
struct candidate {
  std::string family;
  std::string parameters = "{}";
};

struct candidate_result {
  candidate what;
  std::string skipped;       // why it was not tried; empty when it was
  quality held_out;          // the mean over the folds; people: their sum
  double train_seconds = 0;  // the mean over the folds
};

// The outcome of a choice: every candidate in the order given, and which has the best nDCG@10.
struct selection {
  std::vector<candidate_result> results;
  std::size_t best = 0;
  const candidate& winner() const { return results[best].what; }
};

// What `auto` tries: every family at its defaults and a few neighbours of the defaults.
std::vector<candidate> default_candidates();

struct selection_options {
  std::uint32_t folds = 3;  // hold_out_people with seeds 1, 2, …; leave-last-out when that leaves too few to judge by
  std::uint64_t largest_for_all_folds = 2'000'000;  // interactions, above which one fold is used
};

// Trains and evaluates each candidate on held-out people of the data and keeps the best by nDCG@10; of equals the
// earlier. A candidate that would not fit context.memory_limit, or has too little to learn from, is skipped with the
// reason. Throws errc::failed_precondition when none could be tried.
selection select_model(const training_data& data, std::span<const candidate> candidates,
                       const training_context& context, const selection_options& options = {});

}  // namespace eunomia::recommend
