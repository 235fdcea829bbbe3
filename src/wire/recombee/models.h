#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "core/purpose.h"
#include "recommend/background.h"
#include "recommend/dataset.h"
#include "recommend/recommenders.h"
#include "wire/recombee/definitions.h"

namespace eunomia::wire::recombee {

// What answers for databases: a recommender each, which is made with the first interaction or question and trains
// itself: at the first interactions, when a tenth more of them have come, when some were taken out, and once a day. A
// scenario is answered by the recommender's deployment of that name, where there is one, else by the version that
// serves. Any thread.
class models {
 public:
  static constexpr double growth = 0.1;  // of interactions, after which it learns again
  // EASE keeps a matrix of all items with all items.
  static constexpr std::uint64_t most_items_for_ease = 20'000;
  static constexpr std::int64_t cached_for_ms = 1'000;  // which deployments there are
  static constexpr std::int64_t pause_after_failure_ms = 60'000;
  static constexpr std::size_t max_scenarios = 1'000;  // of a database; others are answered, and not listed

  models(const definitions& made, recommend::datasets& datasets, recommend::recommenders& recommenders,
         recommend::background& background)
      : made_(made), datasets_(datasets), recommenders_(recommenders), background_(background) {}

  // The database has interactions from now on.
  void begin(const std::string& database);
  recommend::asked_model for_scenario(const std::string& database, const std::string& scenario);
  // Its recommender goes, with what it learned.
  void remove(const std::string& database);
  // Begins the trainings that are due.
  void look(std::int64_t now);

 private:
  struct known {
    std::string recommender;
    std::set<std::string> deployments;
    std::int64_t at = 0;              // UTC ms
    std::set<std::string> scenarios;  // that are listed
  };

  std::string make(const std::string& database);
  void train_if_due(const std::string& database, const std::string& recommender, std::int64_t now);

  const definitions& made_;
  recommend::datasets& datasets_;
  recommend::recommenders& recommenders_;
  recommend::background& background_;
  std::mutex mutex_;  // of what follows
  std::map<std::string, known, std::less<>> known_;
};

}  // namespace eunomia::wire::recombee
