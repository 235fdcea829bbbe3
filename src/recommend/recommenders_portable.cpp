// Versions that leave for use elsewhere, and come from there.
#include <fmt/format.h>

#include <limits>

#include "core/error.h"
#include "recommend/imported.h"
#include "recommend/portable_file.h"
#include "recommend/recommenders.h"
#include "recommend/recommenders_slot.h"
#include "subject/audit/plain_text.h"

namespace eunomia::recommend {

namespace {

using core::errc;
using core::error;

// The arrays, what answers from them, and both while one becomes the other.
constexpr std::uint64_t memory_of_a_byte = 3;

// What stands in the audit log, on certificates and in terminals.
void check_text(std::string_view what, std::string_view text) {
  if (text.empty() || text.size() > max_recipient_bytes || !subject::is_plain_text(text)) {
    throw error(errc::invalid_argument,
                fmt::format("{}: 1 to max_recipient_bytes = {} bytes of UTF-8 without control characters, got {} bytes",
                            what, max_recipient_bytes, text.size()));
  }
}

}  // namespace

model_record recommenders::export_version(std::string_view name, std::int64_t version, const model_disclosure& to,
                                          const std::filesystem::path& file, const also_recorded& also) {
  check_text("recipient", to.recipient);
  check_text("purpose", to.purpose);
  const auto record = find(name);
  const auto [kept, opened] = [&] {
    const auto held = slot_of(record.name);
    const std::lock_guard changing(held->changing);
    model_record found = version_to_answer(record, version);
    // What is in memory has forgotten them already; the file will have within seconds.
    const auto answers = held->version(version);
    if (!leaving_.whom_models_may_hold().empty() || (answers != nullptr && !answers->saved)) {
      throw error(errc::failed_precondition,
                  fmt::format("people are being erased whom version {} of recommender \"{}\" may still hold in its "
                              "file; export it when their requests are completed",
                              version, record.name));
    }
    require_portable(found.family);
    auto file_of_it = models_.open(found);
    models_.record_disclosure(found, to, also);
    return std::pair(std::move(found), std::move(file_of_it));
  }();
  // Written outside of the lock, for which a forgetting waits: whoever is erased from here on has the recipient on
  // their certificate.
  portable_model leaves = portable_of(*opened);
  leaves.origin = fmt::format("version {} of recommender {}", version, record.name);
  write_portable(leaves, file);
  return kept;
}

model_record recommenders::import_version(std::string_view name, const std::filesystem::path& file,
                                          std::string_view origin, const training_context& context,
                                          const also_recorded& also) {
  const auto record = find(name);
  const std::uint64_t bytes = std::filesystem::file_size(file);
  if (bytes > context.memory_limit / memory_of_a_byte) {
    throw error(errc::resource_exhausted,
                fmt::format("a model of {} bytes takes more memory than the limit of {} allows; raise --memory-limit",
                            bytes, context.memory_limit));
  }
  portable_model from = read_portable(file);
  if (!origin.empty()) {
    from.origin = origin;
  }
  if (!from.origin.empty()) {
    check_text("origin", from.origin);
  }
  const std::unique_ptr<model> made = make_imported(std::move(from));
  const auto held = slot_of(record.name);
  const std::lock_guard changing(held->changing);
  const auto wanted = find(record.name);  // removed meanwhile: there is nothing to keep
  const dataset of = data_.open(wanted.dataset);
  // It read no row of the dataset, so that none of those can be past its time in it.
  const model_registry::learned_when when{of.statistics().interactions, std::numeric_limits<std::int64_t>::max()};
  const auto kept =
      models_.add(wanted.name, wanted.dataset, *made, "{}", when, wanted.keep_versions, {wanted.serve_newest, 0}, also);
  publish_added(*held, kept, models_.load(kept, context));  // from its own file, and the upload may go
  return kept;
}

}  // namespace eunomia::recommend
