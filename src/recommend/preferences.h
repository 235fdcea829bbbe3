#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/subject_handle.h"
#include "recommend/catalogue.h"
#include "recommend/interactions.h"

namespace eunomia::recommend {

// How events become preferences. With the defaults every pair that occurs has weight 1.
struct weighting {
  std::map<std::string, double> event_weights;  // by EVENT_TYPE; a type not named weighs other_weight; 0 leaves it out
  double minimum_event_value = 0;               // events with a smaller EVENT_VALUE are left out, those without one
                                                // are kept (0: none is left out)
  double half_life_days = 0;                    // an event's weight halves with every such age; 0: no decay
  std::int64_t as_of = 0;                       // the moment ages are counted from, UTC ms, when half_life_days > 0;
                                                // events after it have age 0. 0: the newest event's time, which
                                                // settled() fills in. A model keeps it: a retrain uses the same
  double other_weight = 1;                      // of events of another type, and of none
  std::map<std::string, double> minimum_event_values = {};  // by EVENT_TYPE; else minimum_event_value
  friend bool operator==(const weighting&, const weighting&) = default;
};
BOOST_DESCRIBE_STRUCT(weighting, (),
                      (event_weights, minimum_event_value, half_life_days, as_of, other_weight, minimum_event_values))

// Throws errc::invalid_argument, the message starting with who (a family's name), for negative or non-finite weights,
// values or half-lives.
void check(const weighting& how, std::string_view who);

// The weighting with as_of filled in where it is needed and missing.
weighting settled(weighting how, const interactions& events);

// One item of what somebody did: the pair's weight and the time of its newest event.
struct preference {
  item_position item;
  float weight;       // 1 for a plain pair
  std::int64_t time;  // UTC ms
};

// What each subject did with each item: a sparse matrix [subjects x items] in rows (CSR). The weight of a pair is that
// of its strongest event, in whole quanta of 1/quanta_per_unit, so that sums over people are integers, and taking a
// person out of a sum gives the very bits of a sum that never held them. Rows ascend by handle, items in a row by
// position; no pair has weight 0, no row is empty.
struct preferences {
  static constexpr std::uint32_t fine_quanta = 64;       // quanta_per_unit of a weighting that can give other weights
                                                         // than 0 and 1; else it is 1
  static constexpr std::uint32_t maximum_weight = 1023;  // quanta, where heavier pairs are capped

  std::shared_ptr<const catalogue> items = std::make_shared<catalogue>();
  std::uint32_t quanta_per_unit = 1;
  std::vector<core::subject_handle> subjects;
  std::vector<std::uint64_t> row_begin = {0};  // subjects + 1
  std::vector<item_position> item;
  std::vector<std::uint16_t> weight;  // quanta
  std::vector<std::int64_t> time;     // UTC ms of the pair's newest event

  std::size_t size() const { return item.size(); }
  std::uint32_t rows() const { return static_cast<std::uint32_t>(subjects.size()); }
  std::optional<std::uint32_t> find(core::subject_handle subject) const;
  std::span<const item_position> items_of(std::uint32_t row) const;
  std::span<const std::uint16_t> weights_of(std::uint32_t row) const;
  std::span<const std::int64_t> times_of(std::uint32_t row) const;
  std::vector<preference> history_of(std::uint32_t row) const;
  float weight_in_units(std::uint16_t quanta) const {
    return static_cast<float>(quanta) / static_cast<float>(quanta_per_unit);
  }
  std::int64_t newest() const;  // the time of the newest event, UTC ms; 0 when there is none

  // Takes these subjects' rows out, in place and without allocation but for a copy of gone; those it does not know are
  // ignored.
  void erase(std::span<const core::subject_handle> gone);
  // A copy without them.
  preferences without(std::span<const core::subject_handle> gone) const;

  // The matrix [items x subjects]: for each item the rows that have it, ascending, with the pair's weight in quanta.
  struct columns {
    std::vector<std::uint64_t> begin;  // items + 1
    std::vector<std::uint32_t> row;
    std::vector<std::uint16_t> weight;
  };
  columns transposed() const;
};

// What a weighting says of a type of events.
struct type_terms {
  double weight = 1;
  double minimum_value = 0;
};

// The weight that a weighting gives to single events. The weighting must outlive it.
class event_weigher {
 public:
  explicit event_weigher(const weighting& how);

  std::uint32_t quanta_per_unit() const { return quanta_per_unit_; }
  // Of a type, "" for none.
  type_terms terms_of(const std::string& type) const;
  // In quanta; 0: left out. value: NaN for none. time: UTC ms.
  std::uint16_t operator()(const type_terms& type, float value, std::int64_t time) const;

 private:
  const weighting* how_;
  std::uint32_t quanta_per_unit_;
};

struct weighted_event {
  item_position item;
  std::uint16_t weight;  // quanta, not 0
  std::int64_t time;     // UTC ms
};
// Sorts the events of one person by item and keeps of each the pair that prepare() gives; how many there are.
std::size_t merge_row(std::span<weighted_event> row);

// The preferences that the events give: the same bits whatever the order of the rows. Beside the result it holds 4
// bytes an event, and 14 bytes an event instead of a pair. Throws as check() does, and errc::invalid_argument for a
// half-life without as_of, or when the columns have different lengths or an item or event type is out of range.
preferences prepare(const interactions& events, const weighting& how);

}  // namespace eunomia::recommend
