#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "recommend/dataset.h"
#include "recommend/live_history.h"
#include "recommend/model.h"

namespace eunomia::recommend {

// A person in the terms of a model.
struct folded_person {
  std::vector<preference> history;
  std::vector<feature_value> features;

  // now: UTC ms, see person::now.
  person view(std::int64_t now = 0) const { return {.history = history, .features = features, .now = now}; }
};

// What somebody did, and what is known of them, in the terms of a model, weighed like what it learned from: how is
// weighting_of(model). Items and features that the model does not know say nothing to it.
folded_person fold_in(std::span<const history_event> history, std::span<const std::string> features,
                      const scorer& model, const weighting& how);

// The same for the histories that memory keeps of one dataset, without a look at an identifier: some microseconds for
// fifty events. The positions of the dataset's items in the catalogue are worked out once, and again when the scorer
// has another catalogue. Safe from any number of threads.
class folding {
 public:
  folding(const model& trained, dataset of);

  folded_person fold_in(const person_history& who, const scorer& model) const;

  // Calls with everything that somebody did: the item, if the model's catalogue has it, and the type of the event,
  // empty where it has none.
  using event_visitor = std::function<void(std::optional<item_position> item, std::string_view type)>;
  void visit_events(const person_history& who, const scorer& model, const event_visitor& visit) const;

 private:
  struct terms {
    std::shared_ptr<const catalogue> items;
    std::vector<item_position> position;  // by the dataset's handle
    std::vector<std::string> type_name;   // by the dataset's number
    std::vector<type_terms> type;         // the same
  };

  std::shared_ptr<const terms> terms_for(const person_history& who, const scorer& model) const;

  const weighting how_;
  const event_weigher weigh_;
  const dataset dataset_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const terms> terms_;
};

}  // namespace eunomia::recommend
