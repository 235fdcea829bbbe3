#pragma once

#include <string>
#include <string_view>

#include "core/subject_handle.h"
#include "subject/directory.h"

namespace eunomia::wire::api {

// Whom an identifier names. Throws errc::not_found, without the identifier, and with what to look at.
core::subject_handle somebody(const std::string& user, std::string_view user_space, const subject::directory& people);
[[noreturn]] void refuse_unknown();

}  // namespace eunomia::wire::api
