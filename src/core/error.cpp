#include "core/error.h"

namespace eunomia::core {

std::string_view name_of(errc code) noexcept {
  switch (code) {
    case errc::invalid_argument: return "invalid_argument";
    case errc::not_found: return "not_found";
    case errc::already_exists: return "already_exists";
    case errc::failed_precondition: return "failed_precondition";
    case errc::permission_denied: return "permission_denied";
    case errc::resource_exhausted: return "resource_exhausted";
    case errc::cancelled: return "cancelled";
    case errc::corrupt: return "corrupt";
    case errc::unavailable: return "unavailable";
    case errc::internal: return "internal";
  }
  return "internal";
}

std::string_view kept_message_of(const std::exception& problem) noexcept {
  const auto* ours = dynamic_cast<const error*>(&problem);
  return ours != nullptr ? std::string_view(ours->kept_message()) : problem.what();
}

}  // namespace eunomia::core
