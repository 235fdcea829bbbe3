#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/subject_handle.h"
#include "subject/audit/certificate.h"
#include "subject/custody/custody_context.h"
#include "subject/directory.h"
#include "subject/erasure/erasure_house.h"
#include "subject/rights/request.h"

namespace eunomia::subject {

// What is looked for on behalf of one request.
struct sought_traces {
  std::int64_t request = 0;
  std::int64_t requested_at = 0;  // UTC ms
  identity_traces traces;
  std::vector<dismissed_find> dismissed;
  std::uint32_t attempts = 0;  // that failed
};

// That people were erased, and how that was made sure.
struct erasure_verification {
  certified_verification verified;
  std::vector<std::string> remarks;              // of every certificate
  std::map<std::string, std::uint64_t> excused;  // finds that stand in nobody's way, by file
};

// Of some requests' identifiers, those that also name what is no person.
std::set<std::string> names_of_others(const erasure_house& house, std::span<const sought_traces> requests);

// A file on its way in (erasure_house::passing) that came before the last of the requests, UTC ms: what is made of it
// leaves those people out (durable_directory::withhold), for as long as the request is open.
std::optional<std::string> file_from_before(const erasure_house& house, std::int64_t requested_at);
std::int64_t last_requested(std::span<const sought_traces> requests);

// Asks every custodian again what it holds of them, empties SQLite's log, and reads every file of the data directory
// for their identifiers, and for what they rested as (traces). A find of an identifier that was dismissed by every
// request which looks for it is excused. What SQLite keeps where no row points at it is taken out. Throws
// errc::failed_precondition naming what still holds them, or the file and the byte, and what to do when the find may be
// somebody else's, or a file on its way in from before; errc::cancelled; what keeps a file from being read. told: bytes
// that were read, by any thread.
erasure_verification verify_erased(const erasure_house& house, std::span<const core::subject_handle> people,
                                   std::span<const sought_traces> requests, const custody_context& with,
                                   const std::function<void(std::uint64_t done, std::uint64_t total)>& told);

}  // namespace eunomia::subject
