#pragma once

#include "core/job.h"
#include "core/subject_handle.h"
#include "recommend/model_registry.h"
#include "subject/custody/collector.h"

namespace eunomia::recommend {

// Tells in which models a person is, for the rights of the data subject, two parts: the kept versions that learned from
// them, and what each learned.
void collect(model_registry& models, core::subject_handle who, core::job& job, subject::collector& into);

}  // namespace eunomia::recommend
