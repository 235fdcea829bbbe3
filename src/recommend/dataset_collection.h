#pragma once

#include "recommend/dataset.h"
#include "subject/custody/collector.h"
#include "subject/custody/custody_context.h"

namespace eunomia::recommend {

// Tells what a dataset holds of one person, for the rights of the data subject, three parts: what they did, from the
// table and from what waits in SQL, each event once; the rows of their profile; the digests of their events' ids. In
// the order of storing, in bounded memory but for 24 bytes an event id. Settlements wait meanwhile, imports and answers
// do not.
void collect(const dataset& from, core::subject_handle who, const subject::custody_context& with,
             subject::collector& into);

}  // namespace eunomia::recommend
