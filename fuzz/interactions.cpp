// A file of interactions from a stranger, as an evaluation reads it: with and without a file for bad rows. Parquet is
// DuckDB's to read, which is not instrumented, and is left out.

#include "recommend/interactions.h"

#include <cmath>

#include "core/time.h"
#include "fuzz.h"
#include "recommend/import.h"

namespace {

using namespace eunomia;

struct outcome {
  bool read = false;
  recommend::interactions events;
  recommend::import_report report;
};

outcome read(const std::filesystem::path& file, const recommend::import_options& options) {
  outcome result;
  const auto people = subject::make_memory_directory();
  core::job job;
  result.read = fuzz::accepted(core::errc::invalid_argument, [&] {
    result.events = recommend::read_interactions(std::span(&file, 1), *people, options, job, &result.report);
  });
  if (!result.read) {
    return result;
  }
  const recommend::interactions& events = result.events;
  const std::size_t rows = events.size();
  fuzz::require(result.report.rows == rows && events.subject.size() == rows && events.item.size() == rows &&
                    events.time.size() == rows && (events.event_type.empty() || events.event_type.size() == rows) &&
                    (events.event_value.empty() || events.event_value.size() == rows),
                "the columns of interactions have one length");
  for (std::size_t i = 0; i < rows; ++i) {
    fuzz::require(events.item[i] < events.items->size(), "an interaction's item is in the catalogue");
    fuzz::require(people->identifier_of("user", events.subject[i]).has_value(), "an interaction's user is known");
    fuzz::require(events.time[i] >= 0, "an interaction happened since 1970");
    fuzz::require(events.event_type.empty() || events.event_type[i] < events.event_types.size(),
                  "an interaction's event type is one of the list");
    fuzz::require(events.event_value.empty() || !std::isinf(events.event_value[i]),
                  "an event value is finite or absent");
  }
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view content = fuzz::text_of(data, size);
  if (content.starts_with("PAR1")) {
    return -1;  // not for the corpus either
  }
  const fuzz::memory_file file(content);
  const outcome strict = read(file.path(), {.allow_future = true});
  const auto rejects = std::filesystem::temp_directory_path() / ("eunomia-fuzz-rejects-" + std::to_string(::getpid()));
  const outcome lenient = read(file.path(), {.rejects = rejects, .allow_future = true});
  std::filesystem::remove(rejects);
  fuzz::require(
      !strict.read || (lenient.read && lenient.report.rejected == 0 && lenient.report.rows == strict.report.rows),
      "a file without bad rows has none to reject");
  fuzz::require(strict.read || !lenient.read || lenient.report.rejected > 0,
                "a file that is refused for a row has one");
  return 0;
}
