#include "recommend/model_collection.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "recommend/custody_steps.h"

namespace eunomia::recommend {

namespace {

using subject::store_kind;

// How often a file that is replaced while it is looked for is looked for again.
constexpr int max_attempts = 5;

struct version_of_somebody {
  model_record record;
  std::vector<learned_preference> rows;
};

// A version's file has another name when somebody was taken out of it meanwhile; a version may be gone.
std::vector<learned_preference> learned_from(model_registry& models, const model_record& listed,
                                             core::subject_handle who) {
  model_record now = listed;
  for (int attempt = 1;; ++attempt) {
    try {
      return models.learned_from(now, who);
    } catch (const core::error& problem) {
      if (problem.code() != core::errc::not_found || attempt == max_attempts) {
        throw;
      }
      const auto versions = models.versions(listed.name);
      const auto found = std::ranges::find(versions, listed.version, &model_record::version);
      if (found == versions.end()) {
        return {};
      }
      now = *found;
    }
  }
}

// Whom models were handed, of all recommenders.
std::vector<std::string> recipients_of_all(model_registry& models) {
  std::vector<std::string> sentences;
  std::string last;
  for (const model_record& one : models.all()) {
    if (one.name != std::exchange(last, one.name)) {
      std::ranges::move(recipients_of_models(models.disclosures(one.name), one.name), std::back_inserter(sentences));
    }
  }
  return sentences;
}

bool begin_models(subject::collector& into, std::vector<std::string> recipients) {
  using subject::value_type;
  subject::collected_part part{
      "models",
      "The models that learned from you",
      "Every kept version of a recommender that learned from what you did, and from how much of it. "
      "Only a version that answers is used; older ones are kept in case a new one is bad.",
      subject::data_origin::inferred,
      {{store_kind::blob_prefix, "models/"}},
      {{"recommender", value_type::text, ""},
       {"version", value_type::integer, ""},
       {"dataset", value_type::text, "What it learned from"},
       {"family", value_type::text, "How it learns"},
       {"trained_at", value_type::moment, ""},
       {"answers", value_type::yes_no, "Whether it is the version that answers"},
       {"items", value_type::integer, "With how many items it learned that you did something"}}};
  part.recipients = std::move(recipients);
  return into.begin(part);
}

bool begin_learned(subject::collector& into) {
  using subject::value_type;
  return into.begin({"learned",
                     "What these models learned of you",
                     "The rows of each model that are about you: an item, how much it counts, and when you last did "
                     "something with it. Recommendations are computed from what you did with these numbers; they are "
                     "not kept.",
                     subject::data_origin::inferred,
                     {{store_kind::blob_prefix, "models/"}},
                     {{"recommender", value_type::text, ""},
                      {"version", value_type::integer, ""},
                      {"item", value_type::text, ""},
                      {"weight", value_type::number, "How much it counts; 1 is plain"},
                      {"last_at", value_type::moment, ""}}});
}

}  // namespace

void collect(model_registry& models, core::subject_handle who, core::job& job, subject::collector& into) {
  std::vector<version_of_somebody> holding_them;
  if (begin_models(into, recipients_of_all(models))) {
    for (model_record& one : models.all()) {
      job.check();
      if (auto rows = learned_from(models, one, who); !rows.empty()) {
        into.add({one.name, one.version, one.dataset, one.family, one.trained_at, std::int64_t{one.serving},
                  static_cast<std::int64_t>(rows.size())});
        holding_them.push_back({std::move(one), std::move(rows)});
      }
    }
  }
  if (begin_learned(into)) {
    for (const auto& [record, rows] : holding_them) {
      for (const learned_preference& one : rows) {
        into.add({record.name, record.version, one.item, static_cast<double>(one.weight), one.time});
      }
    }
  }
}

}  // namespace eunomia::recommend
