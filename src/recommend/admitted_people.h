#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/admission.h"
#include "core/subject_handle.h"
#include "subject/directory.h"

namespace eunomia::recommend {

// Whom at least one purpose of a dataset admits.
using admissions = std::vector<std::shared_ptr<const core::admission>>;

// Of those who were given, by their positions there, ascending; who: the handle of each.
struct admitted_people {
  std::vector<std::size_t> kept;
  std::vector<core::subject_handle> who;
};

// Enrols those of the users who are admitted. Somebody whom nothing is known of is enrolled only where they would be:
// where the purposes rest on consent, nothing is kept of who gave none, not even that they were here. Throws
// errc::failed_precondition when somebody was forgotten at this moment: try again.
admitted_people admit(const subject::durable_directory& people, subject::enrolment& into, const admissions& who_may,
                      std::span<const std::string_view> users);

}  // namespace eunomia::recommend
