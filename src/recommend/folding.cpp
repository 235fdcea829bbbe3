#include "recommend/folding.h"

#include <algorithm>
#include <limits>

#include "recommend/dataset_state.h"
#include "recommend/family.h"

namespace eunomia::recommend {

namespace {

constexpr item_position unknown = std::numeric_limits<item_position>::max();

std::vector<preference> merged(std::vector<weighted_event>& events, std::uint32_t quanta_per_unit) {
  const std::size_t pairs = merge_row(events);
  std::vector<preference> history;
  history.reserve(pairs);
  for (std::size_t i = 0; i < pairs; ++i) {
    history.push_back(
        {events[i].item, static_cast<float>(events[i].weight) / static_cast<float>(quanta_per_unit), events[i].time});
  }
  return history;
}

}  // namespace

folded_person fold_in(std::span<const history_event> history, std::span<const std::string> features,
                      const scorer& model, const weighting& how) {
  const event_weigher weigh(how);
  std::vector<weighted_event> events;
  events.reserve(history.size());
  for (const history_event& e : history) {
    const auto item = model.items().find(e.item_id);
    const std::uint16_t weight = item ? weigh(weigh.terms_of(e.event_type), e.event_value, e.time) : 0;
    if (weight != 0) {
      events.push_back({*item, weight, e.time});
    }
  }
  return {merged(events, weigh.quanta_per_unit()), model.features_of(features)};
}

folding::folding(const model& trained, dataset of)
    : how_(weighting_of(trained)), weigh_(how_), dataset_(std::move(of)) {}

std::shared_ptr<const folding::terms> folding::terms_for(const person_history& who, const scorer& model) const {
  std::uint32_t items = 0;
  std::uint32_t types = 0;
  for (const past_event& e : who.events) {
    items = std::max(items, e.item + 1);
    types = std::max<std::uint32_t>(types, e.type + 1U);
  }
  const std::lock_guard lock(mutex_);
  if (terms_ != nullptr && terms_->items == model.shared_items() && items <= terms_->position.size() &&
      types <= terms_->type.size()) {
    return terms_;
  }
  auto fresh = std::make_shared<terms>();
  fresh->items = model.shared_items();
  if (terms_ != nullptr && terms_->items == fresh->items) {
    fresh->position = terms_->position;
  }
  dataset_.state_->items.visit_from(static_cast<std::int64_t>(fresh->position.size()),
                                    [&](std::int64_t, const std::string& id) {
                                      fresh->position.push_back(fresh->items->find(id).value_or(unknown));
                                    });
  fresh->position.resize(std::max<std::size_t>(items, fresh->position.size()), unknown);
  for (std::size_t t = 0; t < dataset_.state_->types.size(); ++t) {
    fresh->type_name.push_back(dataset_.state_->types.name_of(static_cast<std::uint16_t>(t)));
    fresh->type.push_back(weigh_.terms_of(fresh->type_name.back()));
  }
  terms_ = fresh;
  return fresh;
}

folded_person folding::fold_in(const person_history& who, const scorer& model) const {
  const auto known = terms_for(who, model);
  std::vector<weighted_event> events;
  events.reserve(who.events.size());
  for (const past_event& e : who.events) {
    const item_position item = known->position[e.item];
    const std::uint16_t weight = item == unknown ? 0 : weigh_(known->type[e.type], e.value, e.time);
    if (weight != 0) {
      events.push_back({item, weight, e.time});
    }
  }
  folded_person folded;
  folded.history = merged(events, weigh_.quanta_per_unit());
  if (who.features != nullptr && !who.features->empty()) {
    folded.features = model.features_of(*who.features);
  }
  return folded;
}

void folding::visit_events(const person_history& who, const scorer& model, const event_visitor& visit) const {
  const auto known = terms_for(who, model);
  for (const past_event& e : who.events) {
    const item_position item = known->position[e.item];
    visit(item == unknown ? std::nullopt : std::optional(item), known->type_name[e.type]);
  }
}

}  // namespace eunomia::recommend
