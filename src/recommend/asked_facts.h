#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/purpose.h"
#include "core/subject_handle.h"
#include "recommend/dataset.h"
#include "recommend/filter.h"
#include "recommend/folding.h"
#include "recommend/item_filter.h"
#include "recommend/model.h"

namespace eunomia::recommend {

// What a filter may know of the one whom a question to a model is about. For one question; everything that it is given
// must outlive it. Their profile is read from the tables when a filter first asks for it.
class asked_facts final : public filter_facts {
 public:
  // Of a person with an identifier: who and history. Of a visitor: visited. Of somebody unknown: nothing.
  struct someone {
    std::optional<core::subject_handle> who = std::nullopt;
    std::shared_ptr<const person_history> history = nullptr;
    std::span<const std::string> visited = {};
  };
  struct shop {
    const dataset& rows;
    const core::purpose& why;
    const scorer& model;
    const folding& folds;
    item_selections& selections;  // of the model's catalogue
  };

  // current: the item that similar ones are asked for.
  asked_facts(shop in, someone about, std::optional<item_position> current)
      : in_(in), about_(std::move(about)), current_(current) {}

  // Of the model that is asked.
  const catalogue& items() const { return in_.model.items(); }
  std::uint32_t candidates() const override { return in_.selections.items(); }
  std::shared_ptr<const item_set> candidates_that_meet(std::string_view place,
                                                       const item_condition& one) const override;
  void visit_events(const event_visitor& visit) const override;
  std::optional<std::string> value_of_person(std::string_view column) const override;
  std::optional<std::string> value_of_current_item(std::size_t position, std::string_view column) const override;

 private:
  shop in_;
  someone about_;
  std::optional<item_position> current_;
  mutable std::optional<std::map<std::string, std::string>> profile_;  // once it was asked for
};

}  // namespace eunomia::recommend
