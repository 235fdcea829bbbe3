#include "wire/api/tokens.h"

#include "core/time.h"
#include "wire/access/on_record.h"
#include "wire/access/terms.h"
#include "wire/api/api.h"
#include "wire/api/people.h"
#include "wire/api/values.h"

namespace eunomia::wire::api {

using http::method;

core::json_notes notes_of(const new_token*) {
  return {{"role", {.text = "administrator, privacy-officer, engineer, annotator or service", .shortest = 1}},
          {"label", {.text = "What it is for", .longest = access::max_label_bytes, .shortest = 1}},
          {"lifetime_days", {.text = "0: it does not expire", .most = access::max_lifetime_days}}};
}

token_view view_of(const access::token_record& record) {
  return {record.id,
          std::string(http::name_of(record.as)),
          record.label,
          core::format_iso8601(record.created_at),
          moment(record.expires_at),
          moment(record.revoked_at),
          moment(record.last_used_day)};
}

void add_tokens(route_table& table, const services& to) {
  const auto who = http::access::roles(http::role::administrator);
  table.query<nothing, token_list>({method::get, "/api/v1/tokens", who, "tokens", "Tokens, without their secrets"},
                                   [to](const nothing&, const http::request&) {
                                     token_list list;
                                     for (const auto& record : to.tokens.list()) {
                                       list.tokens.push_back(view_of(record));
                                     }
                                     return list;
                                   });
  table.body<new_token, created_token>(
      {method::post, "/api/v1/tokens", who, "tokens", "A new token; it is shown in this answer only", 201},
      [to](const new_token& wanted, const http::request& in) {
        const auto made = access::create_on_record(to.tokens, to.audit, http::role_named(wanted.role), wanted.label,
                                                   wanted.lifetime_days, caller_of(in));
        return created_token{view_of(made.record), made.token};
      });
  table.query<nothing, nothing>({method::delete_, "/api/v1/tokens/{token}", who, "tokens", "Revoke a token"},
                                [to](const nothing&, const http::request& in) {
                                  access::revoke_on_record(to.tokens, to.audit, in.path_parameter("token"),
                                                           caller_of(in));
                                  return nothing{};
                                });
}

}  // namespace eunomia::wire::api
