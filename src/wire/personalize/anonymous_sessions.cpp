#include "wire/personalize/anonymous_sessions.h"

#include <fmt/format.h>
#include <boost/describe.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "core/hash.h"
#include "core/json.h"
#include "core/time.h"

namespace eunomia::wire::personalize {

namespace sql = store::sql;

namespace {

constexpr sql::migration migrations[] = {{"aws-personalize-sessions", 1, R"(
  CREATE TABLE aws_personalize_session_event (
    id {id},
    group_arn {text} NOT NULL,
    session {text} NOT NULL,       -- a keyed hash
    event_key {text} NOT NULL,     -- of the event's id, a keyed hash
    sealed {text} NOT NULL,        -- JSON
    came_at BIGINT NOT NULL,       -- UTC ms
    UNIQUE (session, event_key)
  );
  CREATE INDEX aws_personalize_session_age ON aws_personalize_session_event (came_at)
)"}};

constexpr std::string_view key_use = "anonymous sessions of Personalize";
constexpr std::string_view place = "aws_personalize_session_event.sealed";
constexpr int sessions_at_once = 100;
constexpr std::size_t looked_up_at_once = 1'000;

struct sealed_event {
  std::string session;
  std::string item;
  std::string type;
  std::optional<double> value;
  std::int64_t time = 0;
  std::string id;
  std::vector<std::string> impression;
  std::map<std::string, std::string> properties;
  std::optional<std::string> source;
};
BOOST_DESCRIBE_STRUCT(sealed_event, (), (session, item, type, value, time, id, impression, properties, source))

std::string random_event_id() {
  std::array<std::byte, 16> bytes{};
  core::random_bytes(bytes);
  return "eunomia-" + core::to_hex(bytes);
}

recommend::event event_of(sealed_event&& kept) {
  recommend::event one;
  one.user_id = std::move(kept.session);
  one.item_id = std::move(kept.item);
  one.event_type = std::move(kept.type);
  one.event_value = kept.value;
  one.timestamp = kept.time;
  one.event_id = std::move(kept.id);
  one.impression = std::move(kept.impression);
  one.properties = std::move(kept.properties);
  return one;
}

}  // namespace

anonymous_sessions::anonymous_sessions(sql::database& sql, const subject::vault& keys, std::size_t notes)
    : sql_(sql), keys_(keys), sealing_(keys.key_for(key_use)), notes_(notes, [&sql](const auto& found) {
        sql.read([&](sql::connection& in) {
          in.each("SELECT DISTINCT session FROM aws_personalize_session_event", {},
                  [&](const sql::row& row) { found(row.text(0)); });
        });
      }) {
  sql_.migrate(migrations);
}

std::string anonymous_sessions::lookup_of(std::string_view group, std::string_view session) const {
  return keys_.lookup_of(fmt::format("personalize session {}", group), session);
}

void anonymous_sessions::keep(std::string_view group, const std::string& session,
                              std::span<const recommend::event> events, std::span<const std::string> sources) {
  const std::string lookup = lookup_of(group, session);
  const std::int64_t now = core::now_ms();
  struct row {
    std::string key;
    std::string sealed;
  };
  std::vector<row> rows;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const recommend::event& one = events[i];
    const std::string id = one.event_id.empty() ? random_event_id() : one.event_id;
    const sealed_event told{session, one.item_id,    one.event_type, one.event_value, one.timestamp.value_or(now),
                            id,      one.impression, one.properties, sources[i]};
    rows.push_back(
        {keys_.lookup_of("personalize event", id), subject::seal_text(sealing_, core::write_json(told), place)});
  }
  const auto keeping = notes_.begin_keeping(lookup);
  try {
    sql_.write([&](sql::transaction& in) {
      for (const row& one : rows) {
        in.execute(
            "INSERT INTO aws_personalize_session_event (group_arn, session, event_key, sealed, came_at)"
            " VALUES (:group, :session, :key, :sealed, :now) ON CONFLICT (session, event_key) DO NOTHING",
            {{"group", group}, {"session", lookup}, {"key", one.key}, {"sealed", one.sealed}, {"now", now}});
      }
      in.execute(
          "DELETE FROM aws_personalize_session_event WHERE session = :session AND id <= (SELECT id FROM "
          "aws_personalize_session_event WHERE session = :session ORDER BY id DESC LIMIT 1 OFFSET :most)",
          {{"session", lookup}, {"most", static_cast<std::int64_t>(max_events)}});
    });
  } catch (...) {
    notes_.is_unsure(lookup);
    throw;
  }
}

void anonymous_sessions::add(const sql::row& row, kept& to) const {
  auto told = core::read_json<sealed_event>(subject::unseal_text(sealing_, row.text(1), place));
  to.ids.push_back(row.int64(0));
  to.sources.push_back(told.source.value_or(""));
  to.events.push_back(event_of(std::move(told)));
}

anonymous_sessions::kept anonymous_sessions::of(std::string_view group, const std::string& session) const {
  kept found;
  const std::string lookup = lookup_of(group, session);
  if (!notes_.may_have(lookup)) {
    return found;
  }
  sql_.read([&](sql::connection& in) {
    in.each("SELECT id, sealed FROM aws_personalize_session_event WHERE session = :session ORDER BY id",
            {{"session", lookup}}, [&](const sql::row& row) { add(row, found); });
  });
  return found;
}

void anonymous_sessions::forget(std::span<const std::int64_t> ids) {
  sql_.write([&](sql::transaction& in) {
    in.execute("DELETE FROM aws_personalize_session_event WHERE id IN {int64s:ids}", {{"ids", sql::int64_list(ids)}});
  });
}

std::vector<std::string> anonymous_sessions::groups_of(sql::connection& in) {
  std::vector<std::string> groups;
  in.each("SELECT DISTINCT group_arn FROM aws_personalize_session_event", {},
          [&](const sql::row& row) { groups.emplace_back(row.text(0)); });
  return groups;
}

std::vector<std::string_view> anonymous_sessions::waiting_among(std::span<const std::string_view> sessions) const {
  if (sessions.empty()) {
    return {};
  }
  std::set<std::string_view> waiting;
  for (const std::string& group : sql_.read([](sql::connection& in) { return groups_of(in); })) {
    for (std::size_t first = 0; first < sessions.size(); first += looked_up_at_once) {
      std::map<std::string, std::string_view> named;
      std::vector<std::string_view> lookups;
      for (const std::string_view session :
           sessions.subspan(first, std::min(looked_up_at_once, sessions.size() - first))) {
        lookups.push_back(named.emplace(lookup_of(group, session), session).first->first);
      }
      sql_.read([&](sql::connection& in) {
        in.each("SELECT DISTINCT session FROM aws_personalize_session_event WHERE session IN {texts:lookups}",
                {{"lookups", sql::text_list(lookups)}},
                [&](const sql::row& row) { waiting.insert(named.find(std::string(row.text(0)))->second); });
      });
    }
  }
  return {waiting.begin(), waiting.end()};
}

std::uint64_t anonymous_sessions::forget_sessions(std::span<const std::string> sessions) {
  std::uint64_t gone = 0;
  sql_.write([&](sql::transaction& in) {
    gone = 0;
    for (const std::string& group : groups_of(in)) {
      for (const std::string& session : sessions) {
        gone += in.execute("DELETE FROM aws_personalize_session_event WHERE session = :session",
                           {{"session", lookup_of(group, session)}});
      }
    }
  });
  return gone;
}

std::vector<anonymous_sessions::over> anonymous_sessions::idle_since(std::int64_t moment) const {
  std::vector<over> all;
  sql_.read([&](sql::connection& in) {
    std::vector<std::pair<std::string, std::string>> sessions;
    in.each(
        fmt::format("SELECT group_arn, session FROM aws_personalize_session_event GROUP BY group_arn, session HAVING "
                    "max(came_at) < :moment LIMIT {}",
                    sessions_at_once),
        {{"moment", moment}},
        [&](const sql::row& row) { sessions.emplace_back(std::string(row.text(0)), std::string(row.text(1))); });
    for (const auto& [group, session] : sessions) {
      over& one = all.emplace_back();
      one.group = group;
      in.each("SELECT id, sealed FROM aws_personalize_session_event WHERE session = :session ORDER BY id",
              {{"session", session}}, [&](const sql::row& row) { add(row, one.what); });
    }
  });
  return all;
}

}  // namespace eunomia::wire::personalize
