#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/json_schema.h"
#include "core/subject_handle.h"
#include "subject/audit/audit_log.h"
#include "subject/directory.h"
#include "wire/http/message.h"

namespace eunomia::wire::api {

// Where the identifier that a request names somebody by belongs: among those of an application's users, where it says
// nothing else.
inline std::string_view space_of(const std::optional<std::string>& given, std::string_view user_space) {
  return given ? std::string_view(*given) : user_space;
}
inline core::json_note note_of_space() {
  return {.text = "The id space of user, such as email, into which it was linked; absent: USER_IDs",
          .longest = subject::max_space_bytes,
          .shortest = 1,
          .pattern = "^[a-z0-9_-]+$"};
}

// Whom an identifier names. Throws errc::not_found, without the identifier, and with what to look at.
core::subject_handle somebody(const std::string& user, std::string_view space, const subject::directory& people);
[[noreturn]] void refuse_unknown();

// While it lives, somebody's right is carried out that may wait for a model which is being re-derived: so few may be at
// once that workers are left for others. Throws errc::unavailable.
class rights_place {
 public:
  static constexpr int places = 4;
  rights_place();
  ~rights_place();
  rights_place(const rights_place&) = delete;
  rights_place& operator=(const rights_place&) = delete;
};

// For the audit log: by the label of their token.
subject::actor caller_of(const http::request& in);

}  // namespace eunomia::wire::api
