#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "recommend/dataset.h"
#include "recommend/recommenders.h"
#include "subject/audit/certificate.h"

// What this room did for somebody's rights, as certificates and reports tell it.
namespace eunomia::recommend {

// certificate_step::store.
inline constexpr std::string_view store_of_tables = "tables";
inline constexpr std::string_view store_of_models = "models";

// What the rows of a table about people are called: "interactions", "profiles".
std::string_view rows_of(data_kind kind);
// Whom these rows of a dataset were handed to, a sentence each.
std::vector<std::string> recipients_of(const dataset& from, data_kind kind);

// The same of trained models, which left without rows of anybody.
std::vector<std::string> recipients_of_models(const std::vector<model_disclosure>& of, std::string_view recommender);

// "interactions of dataset "shop"".
std::string what_of(std::string_view rows, const dataset_description& of);
// "version 3 of recommender "main" (ease)".
std::string what_of_version(std::string_view recommender, std::int64_t version, std::string_view family);
std::string what_of(const forgotten_model& version);

// rederived_within: what is derived anew once in so long may have been just before, and takes its time.
subject::certificate_step step_of(const forgotten_model& lost, std::string_view store,
                                  std::optional<std::chrono::milliseconds> rederived_within);

// The same of a version that was only updated then, and has been derived anew since, or is there no more.
subject::certificate_step rederived(subject::certificate_step updated);
subject::certificate_step removed(subject::certificate_step updated);

}  // namespace eunomia::recommend
