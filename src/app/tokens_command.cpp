// eunomia tokens create, list and revoke: who may call the server, and as what.

#include <fmt/format.h>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/remote.h"
#include "app/text_table.h"
#include "core/json.h"
#include "core/time.h"
#include "wire/access/tokens.h"

namespace eunomia::app {

namespace {

struct token_row {
  std::string id;
  std::string role;
  std::string label;
  std::string created_at;
  std::optional<std::string> expires_at;
  std::optional<std::string> revoked_at;
  std::optional<std::string> last_used_day;
};
BOOST_DESCRIBE_STRUCT(token_row, (), (id, role, label, created_at, expires_at, revoked_at, last_used_day))

struct token_rows {
  std::vector<token_row> tokens;
};
BOOST_DESCRIBE_STRUCT(token_rows, (), (tokens))

struct created_row {
  token_row record;
  std::string token;
};
BOOST_DESCRIBE_STRUCT(created_row, (), (record, token))

struct new_token {
  std::string role;
  std::string label;
  std::uint32_t lifetime_days = 0;
};
BOOST_DESCRIBE_STRUCT(new_token, (), (role, label, lifetime_days))

std::optional<std::string> moment(std::int64_t ms) {
  return ms == 0 ? std::nullopt : std::optional(core::format_iso8601(ms));
}

token_row row_of(const wire::access::token_record& r) {
  return {r.id,
          std::string(wire::http::name_of(r.as)),
          r.label,
          core::format_iso8601(r.created_at),
          moment(r.expires_at),
          moment(r.revoked_at),
          moment(r.last_used_day)};
}

void create(const new_token& wanted, environment& shared) {
  created_row made;
  if (shared.server.empty()) {
    data_directory data(shared);
    wire::access::tokens tokens(data.database());
    const auto created = tokens.create(wire::http::role_named(wanted.role), wanted.label, wanted.lifetime_days);
    made = {row_of(created.record), created.token};
  } else {
    made = remote(shared).post<created_row>("/api/v1/tokens", core::write_json(wanted));
  }
  shared.print(shared.json ? core::write_json(made, 2)
                           : fmt::format("{}\n\n{} ({}): this is the only time that it is shown\n", made.token,
                                         made.record.id, made.record.role));
}

void list(environment& shared) {
  token_rows rows;
  if (shared.server.empty()) {
    data_directory data(shared);
    for (const auto& record : wire::access::tokens(data.database()).list()) {
      rows.tokens.push_back(row_of(record));
    }
  } else {
    rows = core::read_json<token_rows>(remote(shared).get("/api/v1/tokens"));
  }
  if (shared.json) {
    shared.print(core::write_json(rows, 2));
    return;
  }
  text_table table({"token", "role", "label", "created", "expires", "revoked", "last used"});
  for (const token_row& t : rows.tokens) {
    table.add({t.id, t.role, t.label, t.created_at, t.expires_at.value_or("never"), t.revoked_at.value_or("-"),
               t.last_used_day.value_or("never")});
  }
  shared.print(table.str());
}

void revoke(const std::string& id, environment& shared) {
  if (shared.server.empty()) {
    data_directory data(shared);
    wire::access::tokens(data.database()).revoke(id);
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
