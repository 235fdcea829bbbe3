#include "wire/access/tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/published.h"
#include "core/time.h"
#include "wire/access/terms.h"
#include "wire/access/token_text.h"
#include "wire/http/text.h"

namespace eunomia::wire::access {

namespace sql = store::sql;

namespace {

constexpr sql::migration migrations[] = {{"access", 1, R"(
  CREATE TABLE access_token (
    id {id},
    role {text} NOT NULL,
    label {text} NOT NULL,
    digest {text} NOT NULL,  -- BLAKE2b-256 of the secret, hexadecimal
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL DEFAULT 0,
    last_used_day BIGINT NOT NULL DEFAULT 0
  );
)"}};

struct token {
  std::int64_t number = 0;
  http::identity who;
  std::string label;
  core::digest256 digest;
  validity valid;
  std::shared_ptr<std::atomic<std::int64_t>> last_used_day;  // one for all copies of a token

  token_record shown() const {
    return {who.id,
            who.as,
            label,
            valid.created_at,
            valid.expires_at,
            valid.revoked_at,
            last_used_day->load(std::memory_order_relaxed)};
  }
};

using token_table = std::unordered_map<std::int64_t, token>;

token token_of(const sql::row& row) {
  token of;
  of.number = row.int64(0);
  of.who = {id_text(of.number), http::role_named(row.text(1))};
  of.label = row.text(2);
  of.digest = core::digest256_from_hex(row.text(3));
  of.valid = {row.int64(4), row.int64(5), row.int64(6)};
  of.last_used_day = std::make_shared<std::atomic<std::int64_t>>(row.int64(7));
  return of;
}

#define EUNOMIA_TOKEN_COLUMNS "id, role, label, digest, created_at, expires_at, revoked_at, last_used_day"

std::shared_ptr<const token_table> load(sql::connection& in) {
  auto all = std::make_shared<token_table>();
  in.each("SELECT " EUNOMIA_TOKEN_COLUMNS " FROM access_token", {},
          [&](const sql::row& row) { all->emplace(row.int64(0), token_of(row)); });
  return all;
}

// lifetime_ms 0: forever.
token insert(sql::transaction& in, http::role as, std::string_view label, std::int64_t lifetime_ms,
             std::string_view secret) {
  const std::int64_t now = core::now_ms();
  return token_of(
      in.query_one("INSERT INTO access_token (role, label, digest, created_at, expires_at) "
                   "VALUES (:role, :label, :digest, :now, :expires) RETURNING " EUNOMIA_TOKEN_COLUMNS,
                   {{"role", http::name_of(as)},
                    {"label", label},
                    {"digest", core::to_hex(digest_of(secret))},
                    {"now", now},
                    {"expires", lifetime_ms == 0 ? 0 : now + lifetime_ms}})[0]);
}

std::int64_t day_of(std::int64_t ms) {
  return ms - ms % core::milliseconds_per_day;
}

http::authenticator::outcome refused(std::string_view reason, bool was_tried) {
  return {std::nullopt, std::string(reason), was_tried};
}

}  // namespace

struct tokens::state {
  explicit state(sql::database& database) : db(database) {
    table.publish(db.read([](sql::connection& in) { return load(in); }));
    writer = std::thread([this] { write_use(); });
  }
  ~state() {
    {
      const std::lock_guard lock(use);
      stopping = true;
    }
    used.notify_one();
    writer.join();
  }
  state(const state&) = delete;
  state& operator=(const state&) = delete;

  void note_use(const token& of, std::int64_t now);
  void write_use() noexcept;
  void write_days();
  created create(http::role as, std::string_view label, std::int64_t lifetime_ms, const also_changed& also);
  // The table without tokens that ended too long ago, and whose they are.
  std::shared_ptr<token_table> without_ended(std::int64_t now, std::vector<std::int64_t>& removed) const;

  sql::database& db;
  std::mutex changing;  // create and revoke, one at a time
  core::published<token_table> table;

  // A thread writes the days of use, so that the threads of connections need not.
  std::mutex use;  // never held over a write
  std::condition_variable used;
  bool stopping = false;
  std::unordered_map<std::int64_t, std::int64_t> unwritten;  // number of a token -> day
  std::thread writer;
};

void tokens::state::note_use(const token& of, std::int64_t now) {
  const std::int64_t today = day_of(now);
  if (of.last_used_day->load(std::memory_order_relaxed) == today) {
    return;
  }
  of.last_used_day->store(today, std::memory_order_relaxed);
  {
    const std::lock_guard lock(use);
    unwritten[of.number] = today;
  }
  used.notify_one();
}

void tokens::state::write_use() noexcept {
  for (;;) {
    {
      std::unique_lock lock(use);
      used.wait(lock, [&] { return stopping || !unwritten.empty(); });
      if (unwritten.empty()) {
        return;
      }
    }
    try {
      write_days();
    } catch (const std::exception& problem) {
      // Nobody is refused for it, and the next day writes again.
      core::log::warning("cannot write when tokens were last used", {{"reason", core::kept_message_of(problem)}});
    }
  }
}

void tokens::state::write_days() {
  std::unordered_map<std::int64_t, std::int64_t> days;
  {
    const std::lock_guard lock(use);
    days.swap(unwritten);
  }
  db.write([&](sql::transaction& in) {
    for (const auto& [number, day] : days) {
      in.execute("UPDATE access_token SET last_used_day = :day WHERE id = :id AND last_used_day < :day",
                 {{"day", day}, {"id", number}});
    }
  });
}

std::shared_ptr<token_table> tokens::state::without_ended(std::int64_t now, std::vector<std::int64_t>& removed) const {
  auto kept = std::make_shared<token_table>(*table.current());
  std::erase_if(*kept, [&](const auto& each) {
    const token& of = each.second;
    const bool gone = of.valid.is_long_over(now);
    if (gone) {
      removed.push_back(of.number);
    }
    return gone;
  });
  return kept;
}

tokens::created tokens::state::create(http::role as, std::string_view label, std::int64_t lifetime_ms,
                                      const also_changed& also) {
  const std::lock_guard one_at_a_time(changing);
  std::vector<std::int64_t> removed;
  std::shared_ptr<token_table> next = without_ended(core::now_ms(), removed);
  if (next->size() >= max_tokens) {
    throw core::error(core::errc::resource_exhausted,
                      fmt::format("there are {} tokens (max_tokens = {}); those that expired or were revoked go after "
                                  "{} days",
                                  next->size(), max_tokens, keep_ended_days));
  }
  const std::string secret = random_secret();
  const token made = db.write([&](sql::transaction& in) {
    in.execute("DELETE FROM access_token WHERE id IN {int64s:ids}", {{"ids", sql::int64_list(removed)}});
    token one = insert(in, as, label, lifetime_ms, secret);
    if (also) {
      also(in, one.shown());
    }
    return one;
  });
  next->emplace(made.number, made);
  table.publish(std::move(next));
  return {made.shown(), token_text(made.number, secret)};
}

tokens::tokens(sql::database& database) {
  database.migrate(migrations);
  state_ = std::make_unique<state>(database);
}

tokens::~tokens() = default;

tokens::created tokens::create(http::role as, std::string_view label, std::uint32_t lifetime_days,
                               const also_changed& also) {
  check_label("a token", label);
  check_lifetime("a token", lifetime_days);
  return state_->create(as, label, std::int64_t{lifetime_days} * core::milliseconds_per_day, also);
}

std::vector<token_record> tokens::list() const {
  const std::shared_ptr<const token_table> table = state_->table.current();
  std::vector<const token*> sorted;
  sorted.reserve(table->size());
  for (const auto& [number, each] : *table) {
    sorted.push_back(&each);
  }
  std::sort(sorted.begin(), sorted.end(), [](const token* a, const token* b) { return a->number < b->number; });
  std::vector<token_record> records;
  records.reserve(sorted.size());
  for (const token* each : sorted) {
    records.push_back(each->shown());
  }
  return records;
}

void tokens::revoke(std::string_view id, const also_changed& also) {
  const std::lock_guard one_at_a_time(state_->changing);
  auto next = std::make_shared<token_table>(*state_->table.current());
  const std::optional<std::int64_t> number = parse_id(id);
  const auto found = number ? next->find(*number) : next->end();
  if (found == next->end()) {
    throw core::error(core::errc::not_found,
                      fmt::format("there is no token \"{}\"; ids look like tok-7", id.substr(0, 40)));
  }
  token& revoked = found->second;
  if (revoked.valid.revoked_at != 0) {
    return;
  }
  const std::int64_t now = core::now_ms();
  const auto good_administrators = std::count_if(next->begin(), next->end(), [&](const auto& each) {
    return each.second.who.as == http::role::administrator && each.second.valid.is_good(now);
  });
  if (revoked.who.as == http::role::administrator && revoked.valid.is_good(now) && good_administrators == 1) {
    throw core::error(core::errc::failed_precondition,
                      fmt::format("{} is the last good token of an administrator; create another one first", id));
  }
  revoked.valid.revoked_at = now;
  state_->db.write([&](sql::transaction& in) {
    in.execute("UPDATE access_token SET revoked_at = :now WHERE id = :id", {{"now", now}, {"id", revoked.number}});
    if (also) {
      also(in, revoked.shown());
    }
  });
  state_->table.publish(std::move(next));
}

bool tokens::create_first(const std::filesystem::path& file, const also_changed& also) {
  const std::lock_guard one_at_a_time(state_->changing);
  if (!state_->table.current()->empty()) {
    return false;
  }
  const std::string secret = random_secret();
  // The file first, the commit after: were it the other way round, a power cut between them would leave a server that
  // nobody can enter. What is left of this order, a file with a token that was never good, is replaced next time.
  const token made = state_->db.write([&](sql::transaction& in) {
    token first = insert(in, http::role::administrator, "first administrator", 0, secret);
    if (also) {
      also(in, first.shown());
    }
    core::write_file(file, token_text(first.number, secret) + "\n");
    return first;
  });
  state_->table.publish(std::make_shared<token_table>(token_table{{made.number, made}}));
  return true;
}

http::authenticator::outcome tokens::authenticate(const http::request& head) const {
  const std::optional<std::string_view> authorization = head.header_named("Authorization");
  if (!authorization) {
    return refused("no Authorization header", false);
  }
  // A proxy and this server might each believe another one.
  if (std::count_if(head.headers.begin(), head.headers.end(), [](const http::header& each) {
        return http::equal_ignoring_case(each.name, "Authorization");
      }) > 1) {
    return refused("there are several Authorization headers", true);
  }
  const std::optional<std::string_view> credential = bearer_credential(*authorization);
  if (!credential) {
    return refused("the Authorization header is not \"Bearer <token>\"", true);
  }
  const std::optional<token_parts> parts = parse_token(*credential);
  if (!parts) {
    return refused("the bearer token is malformed", true);
  }
  const core::digest256 digest = digest_of(parts->secret);
  const std::shared_ptr<const token_table> table = state_->table.current();
  const auto found = table->find(parts->number);
  // Who does not know the secret does not learn whether there is such a token, nor what became of it.
  if (found == table->end() || !core::equal_in_constant_time(digest.bytes, found->second.digest.bytes)) {
    return refused("the bearer token is unknown", true);
  }
  const token& given = found->second;
  const std::int64_t now = core::now_ms();
  if (!given.valid.is_good(now)) {
    return refused(given.valid.revoked_at != 0 ? "the bearer token is revoked" : "the bearer token is expired", true);
  }
  state_->note_use(given, now);
  return {given.who, {}, false};
}

std::string tokens::challenge() const {
  return "Bearer realm=\"eunomia\"";
}

}  // namespace eunomia::wire::access
