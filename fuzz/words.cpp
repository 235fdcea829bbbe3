// The small texts of the command line and of a file's cells: times, numbers, conditions, declarations of columns.

#include <cmath>

#include "core/time.h"
#include "core/utf8.h"
#include "fuzz.h"
#include "recommend/dataset.h"
#include "recommend/import_reader.h"
#include "recommend/item_filter.h"
#include "store/table/record_reader.h"

namespace {

using namespace eunomia;
using core::errc;

void read_times(std::string_view text) {
  std::int64_t ms = 0;
  if (fuzz::accepted(errc::invalid_argument, [&] { ms = core::parse_iso8601(text); })) {
    const std::string written = core::format_iso8601(ms);
    fuzz::require(written.size() == 24 && core::parse_iso8601(written) == ms, "a time is what is read of it written");
  }
  if (fuzz::accepted(errc::invalid_argument, [&] { ms = core::parse_timestamp(text); })) {
    fuzz::require(ms >= 0 && ms < 100'000'000'000'000, "a timestamp lies in its range");
  }
}

void read_numbers(std::string_view text) {
  const auto integer = recommend::integer_of(text);
  const auto number = recommend::number_of(text);
  fuzz::require(!integer || number, "a whole number is a number");
  fuzz::require(!number || std::isfinite(*number), "a number is finite");
  if (number) {
    fuzz::accepted(errc::invalid_argument, [&] { (void)core::timestamp_from_number(*number); });
  }
}

recommend::item_metadata three_items() {
  recommend::item_metadata metadata;
  metadata.columns = {{"PRICE", recommend::metadata_type::number}, {"G", recommend::metadata_type::category}};
  metadata.values = {{"1", std::nullopt, "-2.5"}, {"a|b", "", std::nullopt}};
  return metadata;
}

void read_condition(std::string_view text) {
  std::vector<recommend::item_condition> conditions;
  if (fuzz::accepted(errc::invalid_argument, [&] { conditions.push_back(recommend::item_condition::parse(text)); })) {
    try {
      recommend::item_set meet(3, true);
      recommend::item_selections(three_items(), 3).keep_meeting(conditions, meet);
      fuzz::require(meet.count() <= 3, "a filter gives items of the catalogue");
    } catch (const core::error& e) {
      fuzz::require(e.code() == errc::invalid_argument || e.code() == errc::not_found,
                    "a filter that cannot be applied says why");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  read_times(text);
  read_numbers(text);
  read_condition(text);
  fuzz::accepted(errc::invalid_argument, [&] { (void)recommend::metadata_column::parse(text); });
  const std::string shown = store::table::shown(text);
  fuzz::require(core::is_utf8(shown) && shown.size() < 200, "a value is shown as short text");
  return 0;
}
