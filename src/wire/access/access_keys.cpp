#include "wire/access/access_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>

#include "core/error.h"
#include "core/published.h"
#include "core/time.h"
#include "subject/vault/vault.h"
#include "wire/access/terms.h"

namespace eunomia::wire::access {

namespace sql = store::sql;

namespace {

constexpr sql::migration migrations[] = {{"access_keys", 1, R"(
  CREATE TABLE access_key (
    id {text} PRIMARY KEY,
    role {text} NOT NULL,
    label {text} NOT NULL,
    sealed {text} NOT NULL,  -- the secret
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL DEFAULT 0
  );
)"}};

constexpr std::string_view id_prefix = "EUNA";

struct kept_key {
  std::shared_ptr<const access_key> key;
  std::string label;
  validity valid;

  access_key_record shown() const {
    return {key->who.id, key->who.as, label, valid.created_at, valid.expires_at, valid.revoked_at};
  }
};

using key_table = std::map<std::string, kept_key, std::less<>>;

// RFC 4648, section 6: nothing that a shell, a URL or a configuration file takes for something else.
std::string random_text(std::size_t characters) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::vector<std::byte> bytes(characters);
  core::random_bytes(bytes);
  std::string text;
  for (const std::byte each : bytes) {
    text += alphabet[std::to_integer<std::size_t>(each) % alphabet.size()];
  }
  core::wipe(bytes);
  return text;
}

std::string place_of_secret(std::string_view id) {
  return fmt::format("access_key.sealed {}", id);
}

#define EUNOMIA_ACCESS_KEY_COLUMNS "id, role, label, sealed, created_at, expires_at, revoked_at"

kept_key key_of(const sql::row& row, const core::secret_key& sealing) {
  auto key = std::make_shared<access_key>();
  key->who = {std::string(row.text(0)), http::role_named(row.text(1))};
  key->secret = subject::unseal_text(sealing, row.text(3), place_of_secret(key->who.id));
  return {std::move(key), std::string(row.text(2)), {row.int64(4), row.int64(5), row.int64(6)}};
}

std::shared_ptr<const key_table> load(sql::connection& in, const core::secret_key& sealing) {
  auto all = std::make_shared<key_table>();
  in.each("SELECT " EUNOMIA_ACCESS_KEY_COLUMNS " FROM access_key", {},
          [&](const sql::row& row) { all->emplace(row.text(0), key_of(row, sealing)); });
  return all;
}

void insert(sql::transaction& in, const kept_key& made, const core::secret_key& sealing) {
  const std::string& id = made.key->who.id;
  in.execute(
      "INSERT INTO access_key (id, role, label, sealed, created_at, expires_at) "
      "VALUES (:id, :role, :label, :sealed, :now, :expires)",
      {{"id", id},
       {"role", http::name_of(made.key->who.as)},
       {"label", made.label},
       {"sealed", subject::seal_text(sealing, made.key->secret, place_of_secret(id))},
       {"now", made.valid.created_at},
       {"expires", made.valid.expires_at}});
}

}  // namespace

struct access_keys::state {
  state(sql::database& database, core::secret_key with) : db(database), sealing(std::move(with)) {
    table.publish(db.read([&](sql::connection& in) { return load(in, sealing); }));
  }

  sql::database& db;
  const core::secret_key sealing;
  std::mutex changing;  // create and revoke, one at a time
  core::published<key_table> table;
};

access_keys::access_keys(sql::database& database, core::secret_key sealing) {
  database.migrate(migrations);
  state_ = std::make_unique<state>(database, std::move(sealing));
}

access_keys::~access_keys() = default;

access_keys::created access_keys::create(http::role as, std::string_view label, std::uint32_t lifetime_days,
                                         const also_changed& also) {
  check_label("an access key", label);
  check_lifetime("an access key", lifetime_days);
  const std::lock_guard one_at_a_time(state_->changing);
  const std::int64_t now = core::now_ms();
  auto next = std::make_shared<key_table>(*state_->table.current());
  std::vector<std::string> removed;
  std::erase_if(*next, [&](const auto& each) {
    return each.second.valid.is_long_over(now) && (removed.push_back(each.first), true);
  });
  if (next->size() >= max_access_keys) {
    throw core::error(core::errc::resource_exhausted,
                      fmt::format("there are {} access keys (max_access_keys = {}); those that expired or were revoked "
                                  "go after {} days",
                                  next->size(), max_access_keys, keep_ended_days));
  }
  auto key = std::make_shared<access_key>();
  key->who = {std::string(id_prefix) + random_text(id_characters - id_prefix.size()), as};
  key->secret = random_text(secret_characters);
  const std::int64_t lifetime_ms = std::int64_t{lifetime_days} * core::milliseconds_per_day;
  const kept_key made{key, std::string(label), {now, lifetime_ms == 0 ? 0 : now + lifetime_ms, 0}};
  state_->db.write([&](sql::transaction& in) {
    for (const std::string& id : removed) {
      in.execute("DELETE FROM access_key WHERE id = :id", {{"id", id}});
    }
    insert(in, made, state_->sealing);
    if (also) {
      also(in, made.shown());
    }
  });
  next->emplace(key->who.id, made);
  state_->table.publish(std::move(next));
  return {made.shown(), key->secret};
}

std::vector<access_key_record> access_keys::list() const {
  std::vector<access_key_record> records;
  for (const auto& [id, each] : *state_->table.current()) {
    records.push_back(each.shown());
  }
  std::stable_sort(records.begin(), records.end(),
                   [](const auto& a, const auto& b) { return a.created_at < b.created_at; });
  return records;
}

void access_keys::revoke(std::string_view id, const also_changed& also) {
  const std::lock_guard one_at_a_time(state_->changing);
  auto next = std::make_shared<key_table>(*state_->table.current());
  const auto found = next->find(id);
  if (found == next->end()) {
    throw core::error(core::errc::not_found,
                      fmt::format("there is no access key \"{}\"; ids are EUNA and 16 characters", id.substr(0, 40)));
  }
  kept_key& revoked = found->second;
  if (revoked.valid.revoked_at != 0) {
    return;
  }
  revoked.valid.revoked_at = core::now_ms();
  state_->db.write([&](sql::transaction& in) {
    in.execute("UPDATE access_key SET revoked_at = :now WHERE id = :id",
               {{"now", revoked.valid.revoked_at}, {"id", found->first}});
    if (also) {
      also(in, revoked.shown());
    }
  });
  state_->table.publish(std::move(next));
}

std::shared_ptr<const access_key> access_keys::find(std::string_view id) const {
  const std::shared_ptr<const key_table> table = state_->table.current();
  const auto found = table->find(id);
  return found != table->end() && found->second.valid.is_good(core::now_ms()) ? found->second.key : nullptr;
}

std::vector<std::shared_ptr<const access_key>> access_keys::labelled(std::string_view label,
                                                                     std::size_t at_most) const {
  const std::shared_ptr<const key_table> table = state_->table.current();
  const std::int64_t now = core::now_ms();
  std::vector<const kept_key*> found;
  for (const auto& [id, each] : *table) {
    if (each.label == label && each.valid.is_good(now)) {
      found.push_back(&each);
    }
  }
  std::ranges::stable_sort(found, std::greater(), [](const kept_key* one) { return one->valid.created_at; });
  std::vector<std::shared_ptr<const access_key>> keys;
  for (std::size_t i = 0; i < std::min(found.size(), at_most); ++i) {
    keys.push_back(found[i]->key);
  }
  return keys;
}

}  // namespace eunomia::wire::access
