#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <string>

#include "recommend/family.h"
#include "recommend/split.h"

namespace eunomia::recommend {

// What a model is like after people were taken out one after another, beside one trained without them.
struct forgetting_check {
  std::string model;
  std::uint32_t erasures = 0;
  std::uint32_t identical_top_25 = 0;  // people whose ordered list is the same in both
  std::uint32_t users_compared = 0;
  double max_relative_difference = 0;  // these three as model_distance.h defines them
  double relative_difference = 0;
  double mean_overlap_at_25 = 0;
  double forget_ms_p50 = 0;
  double forget_ms_p99 = 0;
  double retrain_seconds = 0;
  std::string level;  // what the model itself says after the last erasure
  double rederive_seconds = 0;
  bool identical_after_rederiving = false;  // both models' files, byte by byte
};
BOOST_DESCRIBE_STRUCT(forgetting_check, (),
                      (model, erasures, identical_top_25, users_compared, max_relative_difference, relative_difference,
                       mean_overlap_at_25, forget_ms_p50, forget_ms_p99, retrain_seconds, level, rederive_seconds,
                       identical_after_rederiving))

// Trains on the split's train part, forgets erasures people drawn by seed, one call each, and compares the answers to
// the test cases (their targets are not used) with a model trained without these people and the same parameters. Throws
// errc::invalid_argument when there are fewer people than erasures.
forgetting_check check_forgetting(const split& data, const family& kind, std::string_view parameters,
                                  std::uint32_t erasures, std::uint64_t seed, const training_context& context);

}  // namespace eunomia::recommend
