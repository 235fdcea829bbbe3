#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/subject_handle.h"
#include "subject/audit/certificate.h"
#include "subject/custody/custody_context.h"
#include "subject/directory.h"
#include "subject/erasure/erasure_house.h"

namespace eunomia::subject {

// That people were erased, and how that was made sure.
struct erasure_verification {
  certified_verification verified;
  std::vector<std::string> remarks;  // of the certificate
};

// Asks every custodian again what it holds of them, empties SQLite's log, and reads every file of the data directory
// for their identifiers, and for what they rested as (traces). Throws errc::failed_precondition naming what still holds
// them, or the file and the byte; errc::cancelled; what keeps a file from being read. told: bytes that were read, by
// any thread.
erasure_verification verify_erased(const erasure_house& house, std::span<const core::subject_handle> people,
                                   const identity_traces& traces, const custody_context& with,
                                   const std::function<void(std::uint64_t done, std::uint64_t total)>& told);

}  // namespace eunomia::subject
