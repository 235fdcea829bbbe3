#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "recommend/dataset.h"
#include "recommend/model_registry.h"
#include "recommend/recommenders.h"
#include "subject/custody/custodian.h"

namespace eunomia::recommend {

struct custodian_options {
  store::sql::engine speaks = store::sql::engine::sqlite;  // what the datasets' database is
  std::uint64_t memory_limit = UINT64_MAX;                 // of deriving a model anew, bytes
  // Somebody derives models that forgot anew within this time. Nothing: nobody does, so that an erasure does it.
  std::optional<std::chrono::milliseconds> rederived_within = {};
  core::purpose why = core::purpose("recommendation");  // what models are trained anew for
};

// What this room holds of whom: the tables of every dataset there is, what waits in SQL, models and their dictionaries,
// histories in memory. All must outlive it.
std::unique_ptr<subject::custodian> make_custodian(datasets& data, model_registry& models, recommenders& all,
                                                   const custodian_options& with = {});

}  // namespace eunomia::recommend
