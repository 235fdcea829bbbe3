#include "recommend/asked_facts.h"

#include "recommend/filter_expression.h"

namespace eunomia::recommend {

std::shared_ptr<const item_set> asked_facts::candidates_that_meet(std::string_view place,
                                                                  const item_condition& one) const {
  return in_.selections.meeting(place, one);
}

void asked_facts::visit_events(const event_visitor& visit) const {
  if (about_.history != nullptr) {
    in_.folds.visit_events(*about_.history, in_.model, visit);
  }
  for (const std::string& id : about_.visited) {
    visit(in_.model.items().find(id), {});
  }
}

std::optional<std::string> asked_facts::value_of_person(std::string_view column) const {
  if (!about_.who) {
    return std::nullopt;
  }
  if (!profile_) {
    profile_ = in_.rows.profile_of(*about_.who, in_.why);
  }
  const auto found = profile_->find(std::string(column));
  return found == profile_->end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> asked_facts::value_of_current_item(std::size_t position, std::string_view column) const {
  if (!current_) {
    refuse_filter(position, "CurrentItem is the item that similar ones are asked for, and this question has none");
  }
  return in_.selections.value_of(*current_, column);
}

}  // namespace eunomia::recommend
