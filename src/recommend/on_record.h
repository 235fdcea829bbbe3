#pragma once

#include "core/purpose.h"
#include "recommend/dataset.h"
#include "recommend/recommenders.h"
#include "subject/audit/audit_log.h"

namespace eunomia::recommend {

// As dataset::add_purpose, with the entry "purpose.allowed" in the audit log, in the transaction of the change: who did
// it, the dataset, the purpose and the decision that allows it. All outlive the call.
void allow_on_record(dataset& in, subject::audit_log& log, const core::purpose& added, const subject::actor& by);

// As recommenders::export_version and import_version, with the entries "model.exported" and "model.imported" in the
// audit log, in the transaction of the change: who did it, which version, whom it was handed to and what for, or where
// it came from. All outlive the call.
model_record export_on_record(recommenders& of, subject::audit_log& log, std::string_view name, std::int64_t version,
                              const model_disclosure& to, const std::filesystem::path& file, const subject::actor& by);
model_record import_on_record(recommenders& of, subject::audit_log& log, std::string_view name,
                              const std::filesystem::path& file, std::string_view origin, const subject::actor& by,
                              const training_context& context);

}  // namespace eunomia::recommend
