#include "wire/api/access_keys.h"

#include "core/time.h"
#include "wire/access/on_record.h"
#include "wire/access/terms.h"
#include "wire/api/api.h"
#include "wire/api/people.h"
#include "wire/api/values.h"

namespace eunomia::wire::api {

using http::method;

core::json_notes notes_of(const new_access_key*) {
  return {{"role", {.text = "administrator, privacy-officer, engineer, annotator or service", .shortest = 1}},
          {"label", {.text = "What it is for", .longest = access::max_label_bytes, .shortest = 1}},
          {"lifetime_days", {.text = "0: it does not expire", .most = access::max_lifetime_days}}};
}

access_key_view view_of(const access::access_key_record& record) {
  return {record.id,
          std::string(http::name_of(record.as)),
          record.label,
          core::format_iso8601(record.created_at),
          moment(record.expires_at),
          moment(record.revoked_at)};
}

void add_access_keys(route_table& table, const services& to) {
  const auto who = http::access::roles(http::role::administrator);
  table.query<nothing, access_key_list>(
      {method::get, "/api/v1/access-keys", who, "tokens", "Access keys, without their secrets"},
      [to](const nothing&, const http::request&) {
        access_key_list list;
        for (const auto& record : to.access_keys.list()) {
          list.access_keys.push_back(view_of(record));
        }
        return list;
      });
  table.body<new_access_key, created_access_key>({method::post, "/api/v1/access-keys", who, "tokens",
                                                  "A new access key; its secret is shown in this answer only", 201},
                                                 [to](const new_access_key& wanted, const http::request& in) {
                                                   const auto made = access::create_on_record(
                                                       to.access_keys, to.audit, http::role_named(wanted.role),
                                                       wanted.label, wanted.lifetime_days, caller_of(in));
                                                   return created_access_key{view_of(made.record), made.secret};
                                                 });
  table.query<nothing, nothing>(
      {method::delete_, "/api/v1/access-keys/{access_key}", who, "tokens", "Revoke an access key"},
      [to](const nothing&, const http::request& in) {
        access::revoke_on_record(to.access_keys, to.audit, in.path_parameter("access_key"), caller_of(in));
        return nothing{};
      });
}

}  // namespace eunomia::wire::api
