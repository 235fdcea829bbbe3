#include "wire/access/on_record.h"

#include <boost/describe.hpp>
#include <optional>
#include <string>

#include "core/json.h"
#include "core/time.h"

namespace eunomia::wire::access {

namespace {

struct token_details {
  std::string token;
  std::string role;
  std::string label;
  std::optional<std::string> expires_at;  // none: never
};
BOOST_DESCRIBE_STRUCT(token_details, (), (token, role, label, expires_at))

struct access_key_details {
  std::string access_key;
  std::string role;
  std::string label;
  std::optional<std::string> expires_at;
};
BOOST_DESCRIBE_STRUCT(access_key_details, (), (access_key, role, label, expires_at))

template <class Details>
auto recording(subject::audit_log& log, const subject::actor& by, std::string_view action) {
  return [&log, &by, action](store::sql::transaction& in, const auto& changed) {
    Details details{changed.id, std::string(http::name_of(changed.as)), changed.label, {}};
    if (changed.expires_at != 0) {
      details.expires_at = core::format_iso8601(changed.expires_at);
    }
    log.append(in, subject::audit_entry{by, std::string(action), std::nullopt, core::write_json(details)});
  };
}

}  // namespace

tokens::created create_on_record(tokens& all, subject::audit_log& log, http::role as, std::string_view label,
                                 std::uint32_t lifetime_days, const subject::actor& by) {
  return all.create(as, label, lifetime_days, recording<token_details>(log, by, "token.created"));
}

bool create_first_on_record(tokens& all, subject::audit_log& log, const std::filesystem::path& file) {
  const auto server = subject::actor::system();
  return all.create_first(file, recording<token_details>(log, server, "token.created"));
}

void revoke_on_record(tokens& all, subject::audit_log& log, std::string_view id, const subject::actor& by) {
  all.revoke(id, recording<token_details>(log, by, "token.revoked"));
}

access_keys::created create_on_record(access_keys& all, subject::audit_log& log, http::role as, std::string_view label,
                                      std::uint32_t lifetime_days, const subject::actor& by) {
  return all.create(as, label, lifetime_days, recording<access_key_details>(log, by, "access_key.created"));
}

void revoke_on_record(access_keys& all, subject::audit_log& log, std::string_view id, const subject::actor& by) {
  all.revoke(id, recording<access_key_details>(log, by, "access_key.revoked"));
}

}  // namespace eunomia::wire::access
