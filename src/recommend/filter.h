#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "recommend/answer.h"
#include "recommend/filter_expression.h"
#include "recommend/item_filter.h"

namespace eunomia::recommend {

// What a filter asks about the one whom it filters for. Candidates are what it chooses among: the items of a catalogue.
class filter_facts {
 public:
  virtual ~filter_facts() = default;

  virtual std::uint32_t candidates() const = 0;
  // Those that meet a condition on their metadata; place: as item_selections::meeting.
  virtual std::shared_ptr<const item_set> candidates_that_meet(std::string_view place,
                                                               const item_condition& one) const = 0;
  // Calls with what the person did: with which candidate, if it is one, and the type of the event, empty where it has
  // none.
  using event_visitor = std::function<void(std::optional<item_position> candidate, std::string_view type)>;
  virtual void visit_events(const event_visitor& visit) const = 0;
  // Of a declared column; nothing where nothing is known.
  virtual std::optional<std::string> value_of_person(std::string_view column) const = 0;
  // Nothing where the question is about no item: position is where the filter asks for it.
  virtual std::optional<std::string> value_of_current_item(std::size_t position, std::string_view column) const = 0;
};

// Values for $PARAMETERs by their names. Several are separated by commas; each may stand in quotes, as Personalize's
// clients send them: "drama","a,b". Empty text is no value.
using filter_values = std::map<std::string, std::string>;
inline constexpr std::size_t max_filter_value_bytes = 256 * 1024;  // of the text for one parameter

// A filter of Personalize for the columns of a dataset.
//
// Each condition chooses candidates: one on Items those whose metadata meets it, one on Interactions those that the
// person has an event with whose type is among the given (NOT IN: with any event of another type). AND keeps what both
// chose, OR what either. An expression whose IF does not hold of the person is left out. What all INCLUDEs together
// chose is allowed (everything where there is none) without what any EXCLUDE chose, in whatever order they stand.
class filter {
 public:
  // candidates: the columns of what it chooses among; users: those of CurrentUser. Throws errc::invalid_argument with
  // the position of a field that is not declared or a value that does not fit it.
  filter(filter_expression of, std::span<const metadata_column> candidates, std::span<const metadata_column> users);

  const filter_expression& expression() const { return expression_; }

  // Throws errc::invalid_argument for a value of a parameter that the filter does not have, one that does not fit its
  // field, or where a parameter of an INCLUDE has none. A condition of an EXCLUDE whose parameter has no value counts
  // as not written; an EXCLUDE without any condition left excludes nothing.
  item_set allowed(const filter_facts& facts, const filter_values& values) const;
  // Whether it lets through the person whom the facts are about: for filters of users. The candidates of its EVENT_TYPE
  // conditions are any.
  bool admits(const filter_facts& facts, const filter_values& values) const;
  // What becomes of a candidate of which nothing is known, not even that it exists.
  bool admits_unknown() const;

 private:
  class application;

  filter_expression expression_;
  std::vector<metadata_column> candidates_;
  std::vector<metadata_column> users_;
};

}  // namespace eunomia::recommend
