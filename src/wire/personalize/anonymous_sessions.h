#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/seal.h"
#include "recommend/event.h"
#include "store/sql/database.h"
#include "subject/vault/vault.h"
#include "wire/personalize/session_notes.h"

namespace eunomia::wire::personalize {

// What visitors do before anybody knows who they are, sealed, by the session that they do it in. When an event of the
// same session names a user, all of it becomes theirs; after a day without one it is what somebody unknown did, under
// the session's id, as with AWS. So nobody's rows ever have to move from one person to another. Any thread.
class anonymous_sessions {
 public:
  static constexpr std::int64_t joined_within_ms = std::int64_t{24} * 60 * 60 * 1000;  // of the session's last event
  static constexpr std::size_t max_events = 1'000;                                     // of one session; older ones go

  // Brings the schema up to date. Both must outlive it. Of several of one database, one keeps and is asked; others may
  // only forget. notes: see session_notes.
  anonymous_sessions(store::sql::database& sql, const subject::vault& keys, std::size_t notes = 10'000);

  struct kept {
    std::vector<std::int64_t> ids;
    std::vector<recommend::event> events;  // in the order in which they came; user_id is the session's id
    std::vector<std::string> sources;      // what led to each; empty: nothing is known of it
  };

  // Durable when it returns. group: the ARN of the dataset group. An event without an id gets one, so that none is
  // recorded twice when a kill comes between recording and forgetting. sources: what led to each.
  void keep(std::string_view group, const std::string& session, std::span<const recommend::event> events,
            std::span<const std::string> sources);
  kept of(std::string_view group, const std::string& session) const;
  void forget(std::span<const std::int64_t> ids);
  // Those of these ids in whose sessions, in any group, something waits.
  std::vector<std::string_view> waiting_among(std::span<const std::string_view> sessions) const;
  // What was done in sessions of these ids, in any group, is gone; how many events that were.
  std::uint64_t forget_sessions(std::span<const std::string> sessions);

  struct over {
    std::string group;
    kept what;
  };
  // Sessions whose last event came before a moment, UTC ms; a few at a time.
  std::vector<over> idle_since(std::int64_t moment) const;

 private:
  // The groups in which something waits.
  static std::vector<std::string> groups_of(store::sql::connection& in);
  std::string lookup_of(std::string_view group, std::string_view session) const;
  // A row of id and what is sealed.
  void add(const store::sql::row& row, kept& to) const;

  store::sql::database& sql_;
  const subject::vault& keys_;
  const core::secret_key sealing_;
  // Most people whose session is asked for did nothing before they signed in.
  mutable session_notes notes_;
};

}  // namespace eunomia::wire::personalize
