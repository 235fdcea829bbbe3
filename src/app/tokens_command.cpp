// eunomia tokens create, list and revoke: who may call the server, and as what.

#include <fmt/format.h>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/remote.h"
#include "app/text_table.h"
#include "core/json.h"
#include "wire/access/on_record.h"
#include "wire/access/tokens.h"
#include "wire/api/tokens.h"

namespace eunomia::app {

namespace {

using wire::api::created_token;
using wire::api::new_token;
using wire::api::token_list;
using wire::api::token_view;

void create(const new_token& wanted, environment& shared) {
  created_token made;
  if (shared.server.empty()) {
    data_directory data(shared);
    wire::access::tokens tokens(data.database());
    const auto created = wire::access::create_on_record(tokens, data.audit(), wire::http::role_named(wanted.role),
                                                        wanted.label, wanted.lifetime_days, subject::actor::system());
    made = {wire::api::view_of(created.record), created.token};
  } else {
    made = remote(shared).post<created_token>("/api/v1/tokens", core::write_json(wanted));
  }
  shared.print(shared.json ? core::write_json(made, 2)
                           : fmt::format("{}\n\n{} ({}): this is the only time that it is shown\n", made.token,
                                         made.record.id, made.record.role));
}

void list(environment& shared) {
  token_list rows;
  if (shared.server.empty()) {
    data_directory data(shared);
    for (const auto& record : wire::access::tokens(data.database()).list()) {
      rows.tokens.push_back(wire::api::view_of(record));
    }
  } else {
    rows = core::read_json<token_list>(remote(shared).get("/api/v1/tokens"));
  }
  if (shared.json) {
    shared.print(core::write_json(rows, 2));
    return;
  }
  text_table table({"token", "role", "label", "created", "expires", "revoked", "last used"});
  for (const token_view& t : rows.tokens) {
    table.add({t.id, t.role, t.label, t.created_at, t.expires_at.value_or("never"), t.revoked_at.value_or("-"),
               t.last_used_day.value_or("never")});
  }
  shared.print(table.str());
}

void revoke(const std::string& id, environment& shared) {
  if (shared.server.empty()) {
    data_directory data(shared);
    wire::access::tokens tokens(data.database());
    wire::access::revoke_on_record(tokens, data.audit(), id, subject::actor::system());
  } else {
    remote(shared).erase("/api/v1/tokens/" + segment(id));
  }
  if (!shared.json) {
    shared.print(id + " is revoked");
  }
}

}  // namespace

void add_tokens(CLI::App& eunomia, environment& shared) {
  CLI::App* tokens = eunomia.add_subcommand("tokens", "Who may call the server, and as what");
  tokens->require_subcommand(1);

  auto wanted = std::make_shared<new_token>();
  CLI::App* creating = tokens->add_subcommand("create", "A new token; it is shown once");
  creating->add_option("--role", wanted->role, "administrator, privacy-officer, engineer, annotator or service")
      ->required();
  creating->add_option("--label", wanted->label, "What it is for")->required();
  creating->add_option("--days", wanted->lifetime_days, "It expires after so many days; 0: never")
      ->capture_default_str();
  creating->callback([wanted, &shared] { shared.action = [wanted, &shared] { create(*wanted, shared); }; });

  CLI::App* listing = tokens->add_subcommand("list", "All tokens, without their secrets");
  listing->callback([&shared] { shared.action = [&shared] { list(shared); }; });

  auto id = std::make_shared<std::string>();
  CLI::App* revoking = tokens->add_subcommand("revoke", "Nobody can use it from now on");
  revoking->add_option("id", *id, "tok-…, as list shows it")->required();
  revoking->callback([id, &shared] { shared.action = [id, &shared] { revoke(*id, shared); }; });
}

}  // namespace eunomia::app
