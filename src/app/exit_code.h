#pragma once

#include "core/error.h"

namespace eunomia::app {

// What a script can rely on; `eunomia --help` prints the same list.
enum class exit_code : int {
  success = 0,
  internal = 1,            // a defect of ours
  usage = 2,               // unknown or missing flags
  invalid_input = 3,       // a file, an id or a parameter is wrong
  not_found = 4,           // no such dataset, model, person, item
  conflict = 5,            // it exists already, or is not in a state for this
  resource_exhausted = 6,  // memory, disk or another limit
  corrupt = 7,             // stored bytes are not what was written
  unavailable = 8,         // an engine or device does not answer; trying again may help
  permission_denied = 9,   // the purpose does not allow it
  cancelled = 130          // stopped by a signal
};

exit_code exit_code_of(core::errc code) noexcept;

}  // namespace eunomia::app
