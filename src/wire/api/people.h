#pragma once

#include <string>
#include <string_view>

#include "core/subject_handle.h"
#include "subject/audit/audit_log.h"
#include "subject/directory.h"
#include "wire/http/message.h"

namespace eunomia::wire::api {

// Whom an identifier names. Throws errc::not_found, without the identifier, and with what to look at.
core::subject_handle somebody(const std::string& user, std::string_view user_space, const subject::directory& people);
[[noreturn]] void refuse_unknown();

// For the audit log: by the label of their token.
subject::actor caller_of(const http::request& in);

}  // namespace eunomia::wire::api
