#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/subject_handle.h"
#include "recommend/catalogue.h"

namespace eunomia::recommend {

// Interactions as they were imported, one row an event, column by column; all columns have size() entries, but for
// those that may be empty. Rows are in no particular order.
struct interactions {
  std::shared_ptr<const catalogue> items = std::make_shared<catalogue>();
  std::vector<core::subject_handle> subject;
  std::vector<item_position> item;
  std::vector<std::int64_t> time;         // UTC, milliseconds since 1970
  std::vector<std::uint16_t> event_type;  // position in event_types; empty: no EVENT_TYPE column
  std::vector<float> event_value;         // NaN where absent; empty: no EVENT_VALUE column
  std::vector<std::string> event_types;

  std::size_t size() const { return subject.size(); }
};

}  // namespace eunomia::recommend
