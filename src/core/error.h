#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace eunomia::core {

// What kind of failure it is: the wire maps each to a protocol's own shape and status, the command line to an exit
// code.
enum class errc {
  invalid_argument,     // the caller's input is wrong, and will be wrong again
  not_found,            // the named thing does not exist
  already_exists,       // a thing of that name exists
  failed_precondition,  // right input at the wrong time, or for the wrong state of the thing
  permission_denied,    // the caller, or the purpose, may not do this
  resource_exhausted,   // a named limit, memory or disk is used up
  cancelled,            // somebody asked to stop
  corrupt,              // stored bytes are not what was written
  unavailable,          // an engine or a device does not answer; trying again may help
  internal              // a defect of ours
};

// The name of a code, as logs and --json show it: "invalid_argument".
std::string_view name_of(errc code) noexcept;

// The one exception of the house. The message names the thing, the place and what to do.
class error : public std::runtime_error {
 public:
  error(errc code, const std::string& message) : std::runtime_error(message), code_(code) {}
  errc code() const noexcept { return code_; }

 private:
  errc code_;
};

}  // namespace eunomia::core
