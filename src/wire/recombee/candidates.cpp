#include "wire/recombee/candidates.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/seal.h"
#include "core/time.h"

namespace eunomia::wire::recombee {

namespace {

// The id stands behind the properties.
std::optional<std::size_t> slot_among(const std::vector<property>& all, std::string_view id_property,
                                      std::string_view name) {
  if (name == id_property) {
    return all.size();
  }
  const property* const found = database::find_property(all, name);
  return found == nullptr ? std::nullopt : std::optional(static_cast<std::size_t>(found - all.data()));
}

}  // namespace

std::optional<std::size_t> database_schema::slot_of(reql_whose whose, std::string_view property) const {
  const bool of_users =
      whose == reql_whose::context_user || (whose == reql_whose::candidate && what_ == candidates_are::users);
  return of_users ? slot_among(of_.user_properties(), user_id_property, property)
                  : slot_among(of_.item_properties(), item_id_property, property);
}

question_facts::question_facts(const call& of, const database::reading& catalogue, const question_context& about)
    : call_(of), catalogue_(catalogue), about_(about), now_(static_cast<double>(core::now_ms()) / 1000) {}

double question_facts::random() const {
  constexpr double numbers = 9007199254740992.0;  // 2^53
  return static_cast<double>(core::random_number() >> 11U) / numbers;
}

reql_value question_facts::of_item(std::string_view id, const database::values* known, std::size_t slot) const {
  const auto& properties = call_.db().item_properties();
  if (slot == properties.size()) {
    return reql_value(std::string(id));
  }
  return known == nullptr ? recombee::value_of(properties[slot], "") : (*known)[slot];
}

reql_value question_facts::value_of(reql_whose whose, std::size_t slot, std::string_view another) const {
  switch (whose) {
    case reql_whose::candidate: {
      // Of users too: their values, and the id behind them.
      return known_ != nullptr && slot < known_->size() ? (*known_)[slot]
             : known_ != nullptr                        ? reql_value(std::string(id_))
                                                        : of_item(id_, known_, slot);
    }
    case reql_whose::another_item: {
      const auto* const known = catalogue_.find(another);
      return known == nullptr ? reql_value() : of_item(another, known, slot);
    }
    case reql_whose::context_item:
      return about_.item ? of_item(*about_.item, catalogue_.find(*about_.item), slot) : reql_value();
    case reql_whose::context_user: break;
  }
  if (!user_) {
    user_ = values_of_user(call_, about_.user);
  }
  if (slot == user_->size()) {
    return about_.user_id.empty() ? reql_value() : reql_value(about_.user_id);
  }
  return (*user_)[slot];
}

void check_included(const std::vector<property>& of, const std::optional<std::vector<std::string>>& included) {
  if (included) {
    for (const std::string& name : *included) {
      if (database::find_property(of, name) == nullptr) {
        constexpr std::size_t shown_characters = 64;
        refuse_parameter("includedProperties",
                         fmt::format("there is no property \"{}\"", name.substr(0, shown_characters)));
      }
    }
  }
}

core::json_value shown_values(const std::vector<property>& of, const database::values* known,
                              const std::optional<std::vector<std::string>>& included) {
  core::json_value all = core::json_value::of_object();
  for (std::size_t i = 0; i < of.size(); ++i) {
    if (!included || std::ranges::find(*included, of[i].name) != included->end()) {
      all.append(of[i].name, known == nullptr ? core::json_value() : shown(of[i], (*known)[i]));
    }
  }
  return all;
}

}  // namespace eunomia::wire::recombee
