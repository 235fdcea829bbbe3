// eunomia keys create, list and revoke: access keys, with which requests are signed.

#include <fmt/format.h>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/remote.h"
#include "app/text_table.h"
#include "core/json.h"
#include "wire/access/on_record.h"
#include "wire/api/access_keys.h"

namespace eunomia::app {

namespace {

using wire::api::access_key_list;
using wire::api::access_key_view;
using wire::api::created_access_key;
using wire::api::new_access_key;

constexpr const char* access_keys_group = "Access keys: who may call by signing requests as clients of AWS do";

created_access_key create_here(const new_access_key& wanted, environment& shared) {
  data_directory data(shared);
  wire::access::access_keys keys = data.access_keys();
  const auto created = wire::access::create_on_record(keys, data.audit(), wire::http::role_named(wanted.role),
                                                      wanted.label, wanted.lifetime_days, subject::actor::system());
  return {wire::api::view_of(created.record), created.secret};
}

void create(const new_access_key& wanted, environment& shared) {
  const auto made = shared.server.empty()
                        ? create_here(wanted, shared)
                        : remote(shared).post<created_access_key>("/api/v1/access-keys", core::write_json(wanted));
  shared.print(shared.json ? core::write_json(made, 2)
                           : fmt::format("AWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}\n\n{}: this is the only time "
                                         "that the secret is shown\n",
                                         made.record.id, made.secret, made.record.role));
}

void list(environment& shared) {
  access_key_list rows;
  if (shared.server.empty()) {
    data_directory data(shared);
    for (const auto& record : data.access_keys().list()) {
      rows.access_keys.push_back(wire::api::view_of(record));
    }
  } else {
    rows = core::read_json<access_key_list>(remote(shared).get("/api/v1/access-keys"));
  }
  if (shared.json) {
    shared.print(core::write_json(rows, 2));
    return;
  }
  text_table table({"access key", "role", "label", "created", "expires", "revoked"});
  for (const access_key_view& k : rows.access_keys) {
    table.add({k.id, k.role, k.label, k.created_at, k.expires_at.value_or("never"), k.revoked_at.value_or("-")});
  }
  shared.print(table.str());
}

void revoke(const std::string& id, environment& shared) {
  if (shared.server.empty()) {
    data_directory data(shared);
    wire::access::access_keys keys = data.access_keys();
    wire::access::revoke_on_record(keys, data.audit(), id, subject::actor::system());
  } else {
    remote(shared).erase("/api/v1/access-keys/" + segment(id));
  }
  if (!shared.json) {
    shared.print(id + " is revoked");
  }
}

}  // namespace

void add_access_keys(CLI::App& keys, environment& shared) {
  auto wanted = std::make_shared<new_access_key>();
  CLI::App* creating = keys.add_subcommand("create", "A new access key; its secret is shown once");
  creating->group(access_keys_group);
  creating->add_option("--role", wanted->role, "administrator, privacy-officer, engineer, annotator or service")
      ->required();
  creating->add_option("--label", wanted->label, "What it is for")->required();
  creating->add_option("--lifetime-days", wanted->lifetime_days, "It expires after so many days; 0: never")
      ->capture_default_str();
  creating->callback([wanted, &shared] { shared.action = [wanted, &shared] { create(*wanted, shared); }; });

  CLI::App* listing = keys.add_subcommand("list", "All access keys, without their secrets");
  listing->group(access_keys_group);
  listing->callback([&shared] { shared.action = [&shared] { list(shared); }; });

  auto id = std::make_shared<std::string>();
  CLI::App* revoking = keys.add_subcommand("revoke", "Nobody can sign with it from now on");
  revoking->group(access_keys_group);
  revoking->add_option("id", *id, "EUNA…, as list shows it")->required();
  revoking->callback([id, &shared] { shared.action = [id, &shared] { revoke(*id, shared); }; });
}

}  // namespace eunomia::app
