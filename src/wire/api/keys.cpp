#include "wire/api/keys.h"

#include "core/time.h"
#include "wire/api/api.h"
#include "wire/api/jobs.h"
#include "wire/api/values.h"

namespace eunomia::wire::api {

using http::method;
using http::role;

core::json_notes notes_of(const key_roll*) {
  return {{"begin_epoch", {.text = "false: only end what was interrupted, and destroy what is due"}},
          {"destroy_now", {.text = "Retired epochs at once: backups from before cannot be opened any more"}}};
}

key_epoch_list view_of(const subject::keyring& keys) {
  key_epoch_list list{keys.id(), {}};
  for (const subject::key_epoch& epoch : keys.epochs()) {
    list.epochs.push_back({epoch.number,
                           epoch.destroyed_at != 0 ? "destroyed"
                           : epoch.retired_at != 0 ? "retired"
                                                   : "current",
                           core::format_iso8601(epoch.began_at), moment(epoch.retired_at), moment(epoch.destroyed_at)});
  }
  return list;
}

void add_keys(route_table& table, const services& to) {
  table.query<nothing, key_epoch_list>(
      {method::get, "/api/v1/keys", http::access::roles(role::administrator, role::privacy_officer), "keys",
       "The epochs of the keys that wrap those of people"},
      [to](const nothing&, const http::request&) { return view_of(to.keys.keys()); });
  table.body<key_roll, job_view>(
      {method::post, "/api/v1/keys/roll", http::access::roles(role::administrator), "keys",
       "Begin a new epoch, wrap every key with it, and destroy the epochs that are due, as a job", 202},
      [to](const key_roll& wanted, const http::request& in) {
        const key_roll_order order{wanted, in.caller ? std::optional(in.caller->id) : std::nullopt};
        return view_of(to.jobs.submit(to.roll_keys_kind, "keys", core::write_json(order)));
      });
}

}  // namespace eunomia::wire::api
