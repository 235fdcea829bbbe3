#include "wire/api/people.h"

#include "core/error.h"

namespace eunomia::wire::api {

void refuse_unknown() {
  throw core::error(core::errc::not_found,
                    "user: nobody is known by this identifier; look at its spelling, which counts byte by byte, and "
                    "whether they were erased");
}

subject::actor caller_of(const http::request& in) {
  return in.caller ? subject::actor::token(in.caller->id) : subject::actor::system();
}

core::subject_handle somebody(const std::string& user, std::string_view user_space, const subject::directory& people) {
  const auto found = people.find(user_space, user);
  if (!found) {
    refuse_unknown();
  }
  return *found;
}

}  // namespace eunomia::wire::api
