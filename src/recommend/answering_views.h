#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "recommend/answering.h"
#include "recommend/context_counts.h"
#include "recommend/folding.h"
#include "recommend/item_filter.h"
#include "recommend/shown_lately.h"
#include "recommend/variety.h"

// What answering keeps, and what it works out for one question. For its own files only.
namespace eunomia::recommend {

// A dataset while its people are asked about.
struct answering::dataset_view {
  dataset_view(answering& in, const std::string& name, dataset set, std::size_t memory)
      : rows(std::move(set)),
        histories(rows, memory),
        told_(rows.tell({.items_put = [&in, name](const auto& records) { in.items_put(name, records); },
                         .forgotten =
                             [this](const auto& gone) {
                               shown.forget(gone);
                               contexts.forget();
                             },
                         .interactions_changed = [this] { contexts.forget(); }})) {}

  // A filter of items, compiled for its columns once.
  std::shared_ptr<const filter> filter_of(const std::string& expression);

  dataset rows;
  live_history histories;
  shown_lately shown;
  context_counts contexts;

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const filter>> filters_;
  const std::shared_ptr<void> told_;  // while it lives, what is put and who is forgotten is told
};

// What is known of the items of a served version. Apart from it, because who is told of what was put must not be the
// last to let go of a version: that takes listeners away, which waits for whoever is told.
struct answering::known_items {
  explicit known_items(std::string of) : dataset(std::move(of)) {}

  const std::string dataset;
  std::mutex reading;
  std::shared_ptr<const catalogue> selected_from;  // what the selections are of
  std::shared_ptr<item_selections> selections;     // once somebody asked for them
};

// A served version, and what is derived from it once.
struct answering::model_view {
  model_view(std::shared_ptr<const served_model> answers, std::shared_ptr<dataset_view> of)
      : serves(std::move(answers)),
        people(std::move(of)),
        folds(serves->trained(), people->rows),
        items(std::make_shared<known_items>(serves->record().dataset)) {}

  std::shared_ptr<const served_model> serves;
  std::shared_ptr<dataset_view> people;
  folding folds;
  const std::shared_ptr<known_items> items;
  context_lifts lifts;
};

struct answering::person_view {
  bool known = false;
  folded_person folded = {};
  std::optional<core::refusal> withheld = std::nullopt;
  std::optional<core::subject_handle> who = std::nullopt;
  std::shared_ptr<const person_history> history = nullptr;
};

struct answering::shaped {
  std::vector<float> factors;  // [catalogue]; empty: all 1
  variety vary;

  // Of a list of ranked items, at most so many, ranked anew.
  void apply(const scorer& model, std::vector<scored_item>& list, std::size_t count) const;
};

// What a filter lets through.
struct answering::passing {
  item_set items;
  bool unknown = true;                                          // also what nothing is known of
  std::shared_ptr<const item_selections> selections = nullptr;  // what it is chosen from
};

}  // namespace eunomia::recommend
