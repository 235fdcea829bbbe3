#include "wire/api/people.h"

#include <fmt/format.h>

#include <atomic>

#include "core/error.h"

namespace eunomia::wire::api {

namespace {

std::atomic<int> places_taken = 0;

}  // namespace

rights_place::rights_place() {
  if (places_taken.fetch_add(1) >= places) {
    places_taken.fetch_sub(1);
    throw core::error(
        core::errc::unavailable,
        fmt::format("{} erasures or rectifications are being begun; nothing was done, ask again", places));
  }
}

rights_place::~rights_place() {
  places_taken.fetch_sub(1);
}

void refuse_unknown() {
  throw core::error(core::errc::not_found,
                    "user: nobody is known by this identifier; look at its spelling, which counts byte by byte, and "
                    "whether they were erased");
}

subject::actor caller_of(const http::request& in) {
  return in.caller ? subject::actor::token(in.caller->id) : subject::actor::system();
}

core::subject_handle somebody(const std::string& user, std::string_view space, const subject::directory& people) {
  const auto found = people.find(space, user);
  if (!found) {
    refuse_unknown();
  }
  return *found;
}

}  // namespace eunomia::wire::api
