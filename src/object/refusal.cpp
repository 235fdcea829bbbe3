#include "object/refusal.h"

namespace eunomia::object {

core::errc refusal::code_of(refused why) noexcept {
  using core::errc;
  switch (why) {
    case refused::no_such_bucket:
    case refused::no_such_key:
    case refused::no_such_upload: return errc::not_found;
    case refused::bucket_exists: return errc::already_exists;
    case refused::bucket_not_empty:
    case refused::precondition_failed: return errc::failed_precondition;
    case refused::too_many: return errc::resource_exhausted;
    default: return errc::invalid_argument;
  }
}

}  // namespace eunomia::object
