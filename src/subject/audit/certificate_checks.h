#pragma once

#include "subject/audit/certificate.h"

namespace eunomia::subject::certificate_checks {

// What must hold of a certificate before it is signed: its limits, and that its members do not contradict each other.
// Throws errc::invalid_argument naming the member.
void check(const certificate& content);

}  // namespace eunomia::subject::certificate_checks
