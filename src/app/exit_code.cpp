#include "app/exit_code.h"

namespace eunomia::app {

exit_code exit_code_of(core::errc code) noexcept {
  switch (code) {
    case core::errc::invalid_argument: return exit_code::invalid_input;
    case core::errc::not_found: return exit_code::not_found;
    case core::errc::already_exists:
    case core::errc::failed_precondition: return exit_code::conflict;
    case core::errc::permission_denied: return exit_code::permission_denied;
    case core::errc::resource_exhausted: return exit_code::resource_exhausted;
    case core::errc::cancelled: return exit_code::cancelled;
    case core::errc::corrupt: return exit_code::corrupt;
    case core::errc::unavailable: return exit_code::unavailable;
    case core::errc::internal: return exit_code::internal;
  }
  return exit_code::internal;
}

}  // namespace eunomia::app
