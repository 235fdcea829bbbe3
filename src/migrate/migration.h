#pragma once

#include "core/job.h"
#include "migrate/data_copy.h"
#include "migrate/destination.h"
#include "migrate/report.h"
#include "migrate/source.h"

namespace eunomia::migrate {

struct migration_options {
  group_names only;    // dataset groups; empty: all
  bool data = true;    // rows too
  bool train = false;  // a version of each solution that has none here, so that campaigns can answer
  copy_options rows;
};

// Recreates what a source has, in order: what is here and equal is left, what is here and differs is reported and left,
// what is not here is made. Whatever fails is named in the report with its reason, and what needs it is skipped; the
// rest goes on. Killed at any moment, it can be run again, and goes on where it was. Throws where nothing more can go
// on: a side that does not answer or does not let the caller in, and errc::cancelled.
migration_report migrate(source& from, const destination& to, const migration_options& how, core::job& job);

}  // namespace eunomia::migrate
