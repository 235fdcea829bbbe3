#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "subject/audit/audit_log.h"
#include "wire/access/access_keys.h"
#include "wire/access/tokens.h"

// Who may call the server, each change with its entry in the audit log in the transaction of the change: who made it,
// the credential's id, role and label, and never its secret. All outlive the call.
namespace eunomia::wire::access {

// As tokens::create and create_first: "token.created", the first one by the server itself.
tokens::created create_on_record(tokens& all, subject::audit_log& log, http::role as, std::string_view label,
                                 std::uint32_t lifetime_days, const subject::actor& by);
bool create_first_on_record(tokens& all, subject::audit_log& log, const std::filesystem::path& file);

// As tokens::revoke: "token.revoked".
void revoke_on_record(tokens& all, subject::audit_log& log, std::string_view id, const subject::actor& by);

// As access_keys::create and revoke: "access_key.created", "access_key.revoked".
access_keys::created create_on_record(access_keys& all, subject::audit_log& log, http::role as, std::string_view label,
                                      std::uint32_t lifetime_days, const subject::actor& by);
void revoke_on_record(access_keys& all, subject::audit_log& log, std::string_view id, const subject::actor& by);

}  // namespace eunomia::wire::access
