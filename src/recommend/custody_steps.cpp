#include "recommend/custody_steps.h"

#include <fmt/format.h>

#include "core/time.h"

namespace eunomia::recommend {

using subject::certificate_step;
using subject::erasure_level;

namespace {

constexpr std::string_view as_retrained = "bit for bit what training without them gives";

}  // namespace

std::string_view rows_of(data_kind kind) {
  return kind == data_kind::users ? "profiles" : name_of(kind);
}

std::vector<std::string> recipients_of(const dataset& from, data_kind kind) {
  std::vector<std::string> sentences;
  for (const disclosure& one : from.disclosures()) {
    if (one.kind == kind) {
      sentences.push_back(fmt::format("{}, for {}: {} exports of the {} of dataset \"{}\", the last at {}",
                                      one.recipient, one.purpose, one.times, rows_of(kind), from.description().name,
                                      core::format_iso8601(one.last_at)));
    }
  }
  return sentences;
}

std::vector<std::string> recipients_of_models(const std::vector<model_disclosure>& of, std::string_view recommender) {
  std::vector<std::string> sentences;
  sentences.reserve(of.size());
  for (const model_disclosure& one : of) {
    sentences.push_back(fmt::format("{}, for {}: version {} of recommender \"{}\", without rows of people, at {}",
                                    one.recipient, one.purpose, one.version, recommender,
                                    core::format_iso8601(one.at)));
  }
  return sentences;
}

std::string what_of(std::string_view rows, const dataset_description& of) {
  return fmt::format("{} of dataset \"{}\"", rows, of.name);
}

std::string what_of_version(std::string_view recommender, std::int64_t version, std::string_view family) {
  return fmt::format("version {} of recommender \"{}\" ({})", version, recommender, family);
}

std::string what_of(const forgotten_model& version) {
  return what_of_version(version.name, version.version, version.family);
}

certificate_step step_of(const forgotten_model& lost, std::string_view store,
                         std::optional<std::chrono::milliseconds> rederived_within) {
  certificate_step step;
  step.what = what_of(lost);
  step.store = store;
  step.count = lost.people;
  step.milliseconds = static_cast<std::uint64_t>(lost.milliseconds);
  if (lost.level == forgetting_level::exact) {
    step.level = erasure_level::model_exactly_updated;
    step.details = as_retrained;
  } else {
    step.level = erasure_level::model_updated;
    step.details = lost.level == forgetting_level::converged
                       ? "their rows are gone, and what was learned converged anew from where it was"
                       : "their rows are gone; what was learned is exact but for the rounding of its last digits";
    const auto within = rederived_within.value_or(std::chrono::milliseconds(0));
    step.until = core::format_iso8601(core::now_ms() + within.count() + core::milliseconds_per_day);
  }
  return step;
}

certificate_step rederived(certificate_step updated) {
  updated.level = erasure_level::model_exactly_updated;
  updated.until.reset();
  updated.details = fmt::format("derived anew: {}", as_retrained);
  return updated;
}

certificate_step removed(certificate_step updated) {
  updated.level = erasure_level::physically_erased;
  updated.until.reset();
  updated.details = "removed since";
  return updated;
}

}  // namespace eunomia::recommend
